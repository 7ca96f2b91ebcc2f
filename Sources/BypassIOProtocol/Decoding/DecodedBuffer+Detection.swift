extension DecodedBuffer.Kind {
    /// The most likely structure of `bytes`; `nil` below the smallest structure's size.
    ///
    /// The storage structures begin with their own size, the others with an operation of at most 8
    /// or with a control code.
    static func detected(in bytes: [UInt8]) -> Self? {
        guard bytes.count >= FSBypassIOInput.size else { return nil }
        let first = bytes.span.uint32(at: 0)
        let second = bytes.span.uint32(at: 4)
        if bytes.count == BufferWalk.requestSize || first == ControlCode.manageBypassIO.rawValue {
            return .request
        }
        if second >= UInt32(StorageBypassIOInput.size) {
            if first == UInt32(StorageBypassIOInput.size) { return .storageInput }
            if first == UInt32(StorageBypassIOOutput.size) { return .storageOutput }
        }
        if bytes.count > FSBypassIOInput.size { return .output }
        // Among 24-byte structures, only flags that no input defines tell an output from an input.
        let operation = BypassIOOperation(rawValue: first)
        let flags = BypassIOOutputFlags(rawValue: second)
        let headerOnly = operation.minimumOutputSize == FSBypassIOOutput.headerSize
        let onlyOutputHas = BypassIOOutputFlags.known.subtracting(.volumeStackBypassPaused)
        return headerOnly && !flags.isDisjoint(with: onlyOutputHas) ? .output : .input
    }

    /// Another structure that fits the same bytes.
    func ambiguity(in bytes: [UInt8]) -> String? {
        guard bytes.count == FSBypassIOInput.size else { return nil }
        switch self {
        case .input:
            let operation = BypassIOOperation(rawValue: bytes.span.uint32(at: 0))
            guard operation.minimumOutputSize == FSBypassIOOutput.headerSize else { return nil }
            return "FS_BPIO_OUTPUT of \(operation) has the same layout"
        default:
            return nil
        }
    }
}
