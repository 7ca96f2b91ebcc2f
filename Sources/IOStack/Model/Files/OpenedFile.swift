/// The file that a file system opened: the result of IRP_MJ_CREATE.
public struct OpenedFile: Sendable {
    /// The file's identity, whatever name it was opened by.
    public var id: FileID
    public var kind: StreamKind
    /// Tells the file from a later one with the same ``id``; nil if the file system does not know
    /// it.
    public var birthTime: FileTime?
    /// Where the file's data is read and written; nil if it has none (a directory).
    public var storage: StorageHandle?
    /// Offsets and lengths of non-cached reads must be multiples of this, in bytes: a power of 2.
    public var offsetAlignment: UInt32
    /// The request made the file (`FILE_CREATED`).
    public var wasCreated: Bool
    /// The file system's own object for this open (`FsContext2`). It releases its resources in
    /// ``FileSystemDriver/close(_:)``, or at the latest when it goes away.
    public var context: any AnyObject & Sendable

    public init(
        id: FileID, kind: StreamKind, birthTime: FileTime? = nil, storage: StorageHandle?,
        offsetAlignment: UInt32 = 1, wasCreated: Bool = false, context: any AnyObject & Sendable
    ) {
        precondition(offsetAlignment.nonzeroBitCount == 1, "an alignment is a power of 2")
        self.id = id
        self.kind = kind
        self.birthTime = birthTime
        self.storage = storage
        self.offsetAlignment = offsetAlignment
        self.wasCreated = wasCreated
        self.context = context
    }
}

/// Identifies a file on the machine, whatever its path: device and inode number.
public struct FileID: Hashable, Sendable, CustomStringConvertible {
    public let device: UInt64
    public let inode: UInt64

    public init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    public var description: String { "\(device):\(inode)" }
}

/// The kind of a stream, as BypassIO distinguishes them.
public enum StreamKind: UInt8, Sendable, Hashable {
    case file
    case directory
    /// The root of the volume: a volume handle.
    case volume
    /// A FIFO, socket, device or symbolic link.
    case other
}
