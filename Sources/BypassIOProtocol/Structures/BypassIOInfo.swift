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

    public func write(to image: inout WireImage, at offset: Int) throws(WireError) {
        image.store(littleEndian: activeBypassIOCount, at: offset)
        image.store(littleEndian: storageDriverName.length, at: offset + 4)
        image.store(storageDriverName, at: offset + 6)
        // The two bytes from 70 on, which round the size up to the alignment of 4, stay zero.
    }
}
