/// The input of IOCTL_STORAGE_MANAGE_BYPASS_IO (`BPIO_INPUT`, ntddstor.h): 24 bytes.
///
/// The size is that of `FS_BPIO_INPUT`, but the first 16 bytes differ.
public struct StorageBypassIOInput: WireStructure {
    public static let windowsName = "BPIO_INPUT"
    public static let size = 24

    /// Offset 0: the structure's size, 24.
    public var version: UInt32
    /// Offset 4: the structure's size and any variable part behind it, in bytes.
    public var byteSize: UInt32
    /// Offset 8: the operation asked for.
    public var operation: StorageBypassIOOperation
    /// Offset 12.
    public var flags: StorageBypassIOInputFlags
    /// Offset 16: must be zero.
    public var reserved2: UInt64

    public init(
        version: UInt32 = 24, byteSize: UInt32 = 24, operation: StorageBypassIOOperation,
        flags: StorageBypassIOInputFlags = [], reserved2: UInt64 = 0
    ) {
        self.version = version
        self.byteSize = byteSize
        self.operation = operation
        self.flags = flags
        self.reserved2 = reserved2
    }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        try Self.require(Self.size, of: bytes)
        version = bytes.uint32(at: 0)
        byteSize = bytes.uint32(at: 4)
        operation = StorageBypassIOOperation(rawValue: bytes.uint32(at: 8))
        flags = StorageBypassIOInputFlags(rawValue: bytes.uint32(at: 12))
        reserved2 = bytes.uint64(at: 16)
    }

    public func write(to image: inout WireImage, at offset: Int) throws(WireError) {
        image.store(littleEndian: version, at: offset)
        image.store(littleEndian: byteSize, at: offset + 4)
        image.store(littleEndian: operation.rawValue, at: offset + 8)
        image.store(littleEndian: flags.rawValue, at: offset + 12)
        image.store(littleEndian: reserved2, at: offset + 16)
    }
}
