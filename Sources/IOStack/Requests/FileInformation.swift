/// All that is known of a file without reading it: `FILE_ALL_INFORMATION`, `struct stat`.
public struct FileInformation: Sendable, Equatable {
    public var kind: FileKind
    public var id: FileID
    /// Permission, set-id and sticky bits, without the type.
    public var permissions: UInt32
    public var linkCount: UInt64
    public var userID: UInt32
    public var groupID: UInt32
    /// In bytes.
    public var size: UInt64
    /// Bytes occupied on the storage.
    public var allocatedSize: UInt64
    /// The I/O size the file system likes best, in bytes.
    public var preferredIOSize: UInt32
    /// Of a device node.
    public var deviceNumber: UInt64
    public var accessTime: FileTime
    public var modificationTime: FileTime
    public var changeTime: FileTime
    /// nil where the file system keeps none.
    public var birthTime: FileTime?
    public var attributes: FileAttributes

    public init(
        kind: FileKind, id: FileID, permissions: UInt32, linkCount: UInt64, userID: UInt32,
        groupID: UInt32, size: UInt64, allocatedSize: UInt64, preferredIOSize: UInt32,
        deviceNumber: UInt64 = 0, accessTime: FileTime, modificationTime: FileTime,
        changeTime: FileTime, birthTime: FileTime? = nil, attributes: FileAttributes = []
    ) {
        self.kind = kind
        self.id = id
        self.permissions = permissions
        self.linkCount = linkCount
        self.userID = userID
        self.groupID = groupID
        self.size = size
        self.allocatedSize = allocatedSize
        self.preferredIOSize = preferredIOSize
        self.deviceNumber = deviceNumber
        self.accessTime = accessTime
        self.modificationTime = modificationTime
        self.changeTime = changeTime
        self.birthTime = birthTime
        self.attributes = attributes
    }
}
