/// The answer to FS_BPIO_OP_GET_INFO (`FS_BPIO_INFO`, ntifs.h): 72 bytes.
public struct BypassIOInfo: WireStructure {
    public static let windowsName = "FS_BPIO_INFO"
    public static let size = 72

    /// Offset 0: open file objects of the volume with bypass enabled.
    public var activeBypassIOCount: UInt32
    /// Offset 4 (length) and 6 (units): the storage driver, with its extension.
    public var storageDriverName: DriverName

    public init(activeBypassIOCount: UInt32 = 0, storageDriverName: DriverName = DriverName()) {
        self.activeBypassIOCount = activeBypassIOCount
        self.storageDriverName = storageDriverName
    }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        try Self.require(Self.size, of: bytes)
        activeBypassIOCount = bytes.uint32(at: 0)
        storageDriverName = try Self.text(bytes, lengthField: "StorageDriverNameLen", at: 4)
    }

    public func write<Sink: WireSink & ~Copyable & ~Escapable>(
        to sink: inout Sink, at offset: Int
    ) throws(WireError) {
        sink.store(littleEndian: activeBypassIOCount, at: offset)
        sink.store(littleEndian: storageDriverName.length, at: offset + 4)
        sink.store(storageDriverName, at: offset + 6)
        // Two bytes of tail padding round the size up to the structure's alignment of 4.
        sink.store(littleEndian: UInt16(0), at: offset + 70)
    }
}
