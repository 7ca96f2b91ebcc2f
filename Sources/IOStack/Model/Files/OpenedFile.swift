/// The file that a file system opened: the result of IRP_MJ_CREATE.
public struct OpenedFile: Sendable {
    /// The file's identity, whatever name it was opened by.
    public var id: FileID
    public var kind: StreamKind
    /// Tells the file from a later one with the same ``id``; nil if the file system does not know
    /// it.
    public var birthTime: FileTime?
    /// Names that the file has; nil if the file system did not look.
    public var linkCount: UInt64?
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

/// An open of a file that another process made and left to this one, by its descriptor.
public struct HandedOpen: Sendable, Hashable {
    /// Open in this process, by the number that it had in the other.
    public var descriptor: Int32
    /// The flags that the file system opened it with, as the file system counts.
    public var flags: Int32
    /// Other opens of the same file have the descriptor, too.
    public var isShared: Bool

    public init(descriptor: Int32, flags: Int32, isShared: Bool) {
        self.descriptor = descriptor
        self.flags = flags
        self.isShared = isShared
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

/// Reports what other processes do to the files of a volume (the role of Windows' change journal).
///
/// It reports stores through a mapping not when they happen, but when the mapping and its
/// descriptor are gone.
public protocol OutsideChangeWatch: AnyObject, Sendable {
    /// Whether the watch reports changes to that file or directory.
    func covers(_ id: FileID) -> Bool

    /// Sleeps until something changed or the time is over, and returns the changes.
    ///
    /// It collects for a few milliseconds, so that a burst of changes does not wake its thread for
    /// each. Called by one thread.
    ///
    /// - Parameter limit: nil: no limit.
    func next(within limit: Duration?) -> OutsideChanges

    /// Ends a ``next(within:)`` that sleeps, and every later one. Any thread.
    func stop()
}

/// The report of an ``OutsideChangeWatch``.
public enum OutsideChanges: Sendable, Equatable {
    /// In the order they happened, each once; empty when the time was over.
    case changes([OutsideChange])
    /// More changes than the watch could keep: anything may have changed.
    case anything
    /// The watch was stopped, or cannot go on.
    case ended
}

/// A change that another process made to the files of a volume, past the stack.
public struct OutsideChange: Sendable, Hashable {
    /// What the change affected.
    public struct Effects: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The file that ``OutsideChange/name`` stands for in ``OutsideChange/directory``.
        public static let name = Effects(rawValue: 1 << 0)
        /// The bytes of ``OutsideChange/file``, and with them its attributes.
        public static let content = Effects(rawValue: 1 << 1)
        /// The attributes of ``OutsideChange/file`` alone.
        public static let attributes = Effects(rawValue: 1 << 2)
    }

    /// Where it happened; nil if not known.
    public let directory: FileID?
    /// Empty if not known.
    public let name: [UInt8]
    /// nil if not known.
    public let file: FileID?
    public let effects: Effects

    public init(directory: FileID?, name: [UInt8], file: FileID?, effects: Effects) {
        self.directory = directory
        self.name = name
        self.file = file
        self.effects = effects
    }
}
