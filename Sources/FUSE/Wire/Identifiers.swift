// Numbers of the kernel's protocol. Each kind has a type of its own, so that no number can stand
// for another kind. The type costs nothing at run time.

/// A file's number. The service chooses it, and gives it to no other file as long as the kernel
/// knows this file.
@frozen
public struct NodeID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The directory that the mount shows.
    @inlinable
    public static var root: NodeID { NodeID(1) }

    public var description: String { String(rawValue) }
}

/// The number of an open file or directory. The service chooses it in the answer to an open; the
/// kernel sends it along until it releases the open file.
@frozen
public struct HandleID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public var description: String { String(rawValue) }
}

/// The kernel's number of a request, until that is answered.
@frozen
public struct RequestID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public var description: String { String(rawValue) }
}

/// The kernel's number for the holder of locks: a process' table of open files, or the open file
/// for `flock`.
@frozen
public struct LockOwner: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64

    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public var description: String { String(rawValue) }
}

/// A point in time: seconds since 1970 and nanoseconds, 0 to 999,999,999.
public struct Timestamp: Sendable, Equatable {
    public var seconds: Int64
    public var nanoseconds: UInt32

    public init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The beginning of 1970.
    public static let zero = Timestamp(seconds: 0, nanoseconds: 0)
}

/// A lock on a range of bytes (`struct fuse_file_lock`, 24 bytes).
public struct RangeLock: Sendable, Equatable {
    /// F_RDLCK, F_WRLCK and F_UNLCK of fcntl(2).
    public enum Kind: UInt32, Sendable {
        case shared = 0
        case exclusive = 1
        case unlock = 2
    }

    public var kind: Kind
    /// The first byte.
    public var start: UInt64
    /// The last byte; 2⁶³−1 reaches to the end of the file, wherever that is.
    public var end: UInt64
    /// Of the holder; 0 if unknown.
    public var processID: Int32

    public init(kind: Kind, start: UInt64, end: UInt64, processID: Int32) {
        self.kind = kind
        self.start = start
        self.end = end
        self.processID = processID
    }
}

/// How the kernel treats an open file (`FOPEN_*`).
public struct OpenReplyFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Every read and write comes to the service.
    public static let directIO = OpenReplyFlags(rawValue: 1 << 0)
    /// The cached pages of the file stay cached.
    public static let keepCache = OpenReplyFlags(rawValue: 1 << 1)
    public static let nonSeekable = OpenReplyFlags(rawValue: 1 << 2)
    /// The kernel may cache the answers of READDIR.
    public static let cacheDirectory = OpenReplyFlags(rawValue: 1 << 3)
    public static let stream = OpenReplyFlags(rawValue: 1 << 4)
    /// No FLUSH when a descriptor is closed.
    public static let noFlush = OpenReplyFlags(rawValue: 1 << 5)
    public static let parallelDirectWrites = OpenReplyFlags(rawValue: 1 << 6)
    public static let passthrough = OpenReplyFlags(rawValue: 1 << 7)
}
