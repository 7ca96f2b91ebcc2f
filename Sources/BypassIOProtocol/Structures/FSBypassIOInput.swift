/// The input of FSCTL_MANAGE_BYPASS_IO (`FS_BPIO_INPUT`, ntifs.h): 24 bytes.
public struct FSBypassIOInput: WireStructure {
    public static let windowsName = "FS_BPIO_INPUT"
    public static let size = 24

    /// Offset 0: the operation asked for.
    public var operation: BypassIOOperation
    /// Offset 4.
    public var flags: BypassIOInputFlags
    /// Offset 8: must be zero.
    public var reserved1: UInt64
    /// Offset 16: must be zero.
    public var reserved2: UInt64

    public init(
        operation: BypassIOOperation, flags: BypassIOInputFlags = [], reserved1: UInt64 = 0,
        reserved2: UInt64 = 0
    ) {
        self.operation = operation
        self.flags = flags
        self.reserved1 = reserved1
        self.reserved2 = reserved2
    }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        try Self.require(Self.size, of: bytes)
        operation = BypassIOOperation(rawValue: bytes.uint32(at: 0))
        flags = BypassIOInputFlags(rawValue: bytes.uint32(at: 4))
        reserved1 = bytes.uint64(at: 8)
        reserved2 = bytes.uint64(at: 16)
    }

    public func write(to image: inout WireImage, at offset: Int) throws(WireError) {
        image.store(littleEndian: operation.rawValue, at: offset)
        image.store(littleEndian: flags.rawValue, at: offset + 4)
        image.store(littleEndian: reserved1, at: offset + 8)
        image.store(littleEndian: reserved2, at: offset + 16)
    }
}

extension FSBypassIOInput {
    /// The encoding as an array of 24 bytes. Allocates the array.
    ///
    /// Every control within the process is encoded, so this stores the fields where they stay: a
    /// way by a ``WireImage`` costs a third of the whole control.
    ///
    /// - Throws: nothing; the type is that of the other structures' encodings.
    public func encodedBytes() throws(WireError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.size)
        var span = bytes.mutableSpan
        span.store(littleEndian: operation.rawValue, at: 0)
        span.store(littleEndian: flags.rawValue, at: 4)
        span.store(littleEndian: reserved1, at: 8)
        span.store(littleEndian: reserved2, at: 16)
        return bytes
    }

    /// Checks a request's arguments in the fixed order and returns its input.
    ///
    /// Input and output longer than needed are accepted. A request with several faults gets the
    /// status of the first:
    /// 1. a control code other than FSCTL_MANAGE_BYPASS_IO: `.invalidDeviceRequest`
    /// 2. input shorter than 24 bytes: `.invalidBufferSize`
    /// 3. an unknown operation, an unknown flag or a reserved field that is not zero:
    ///    `.invalidParameter`
    /// 4. `outputLength` (bytes) below the operation's minimum: `.bufferTooSmall`
    ///
    /// - Throws: one of these four statuses.
    public static func validated(
        controlCode: ControlCode, input: Span<UInt8>, outputLength: Int
    ) throws(NTStatus) -> FSBypassIOInput {
        guard controlCode == .manageBypassIO else { throw .invalidDeviceRequest }
        guard let request = try? FSBypassIOInput(decoding: input) else {
            throw .invalidBufferSize
        }
        guard let needed = request.operation.minimumOutputSize,
            request.flags.isSubset(of: .known),
            request.reserved1 == 0, request.reserved2 == 0
        else { throw .invalidParameter }
        guard outputLength >= needed else { throw .bufferTooSmall }
        return request
    }

    /// Checks a request's arguments in the fixed order and returns its input.
    ///
    /// - Throws: as the overload that takes a `Span<UInt8>`.
    public static func validated(
        controlCode: ControlCode, input: RawSpan, outputLength: Int
    ) throws(NTStatus) -> FSBypassIOInput {
        try validated(
            controlCode: controlCode, input: Span<UInt8>(_bytes: input),
            outputLength: outputLength)
    }
}
