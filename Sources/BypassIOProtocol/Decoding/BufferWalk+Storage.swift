/// The structures of IOCTL_STORAGE_MANAGE_BYPASS_IO (ntddstor.h).
extension BufferWalk {
    /// `BPIO_INPUT`, 24 bytes.
    mutating func storageInput() {
        _ = storageHeader(
            version: StorageBypassIOInput.size, name: StorageBypassIOInput.windowsName,
            flags: "InFlags")
        excess(over: StorageBypassIOInput.size, of: StorageBypassIOInput.windowsName)
    }

    /// `BPIO_OUTPUT`, as long as its operation makes it.
    mutating func storageOutput() {
        let operation = storageHeader(
            version: StorageBypassIOOutput.size, name: StorageBypassIOOutput.windowsName,
            flags: "OutFlags")
        let header = StorageBypassIOOutput.headerSize
        if let operation, operation.hasResults {
            nested(operation == .enable ? "Enable" : "Query", at: header) { $0.results() }
        }
        unused(
            from: operation?.minimumOutputSize ?? header, to: StorageBypassIOOutput.size)
        excess(over: StorageBypassIOOutput.size, of: StorageBypassIOOutput.windowsName)
    }

    private mutating func storageHeader(
        version expected: Int, name: String, flags flagsName: String
    ) -> StorageBypassIOOperation? {
        if let version = number("Version", at: 0), version != UInt32(expected) {
            problem("Version", at: 0, "\(version) is not the size of \(name), \(expected)")
        }
        if let size = number("Size", at: 4), size < UInt32(StorageBypassIOInput.size) {
            problem("Size", at: 4, "\(size) is below the header's \(StorageBypassIOInput.size)")
        }
        let number = number("Operation", at: 8) {
            (String($0), StorageBypassIOOperation(rawValue: $0).windowsName)
        }
        let operation = number.map { StorageBypassIOOperation(rawValue: $0) }
        if let operation, !operation.isKnown {
            problem("Operation", at: 8, "unknown operation \(operation.rawValue)")
        }
        flags(flagsName, at: 12, names: { _ in [] }, unknown: { $0 })
        reserved("Reserved2", at: 16)
        return operation
    }
}
