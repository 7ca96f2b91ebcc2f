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
    /// The encoding as an array of `encodedSize` bytes. Allocates the array.
    ///
    /// - Throws: `WireError` if the value has no encoding.
    public func encodedBytes() throws(WireError) -> [UInt8] {
        try encoding()
    }
}
