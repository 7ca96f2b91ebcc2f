public import LinuxKit

/// OPEN and OPENDIR (`struct fuse_open_in`, 8 bytes).
public struct OpenRequest: Sendable {
    public let context: RequestContext
    /// `O_*` of open(2).
    public let flags: OpenFlags
    /// With O_TRUNC: set-id bits go (`FUSE_OPEN_KILL_SUIDGID`).
    public let killsPrivileges: Bool

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        flags = OpenFlags(bits: try reader.u32())
        killsPrivileges = try reader.u32() & 1 != 0
    }
}

/// CREATE and TMPFILE (`struct fuse_create_in`, 16 bytes): makes a regular file and opens it.
public struct CreateRequest: ~Escapable {
    public let context: RequestContext
    /// Empty for a file without a name.
    public let name: Span<UInt8>
    /// `O_*` of open(2).
    public let flags: OpenFlags
    public let mode: UInt32
    public let umask: UInt32
    public let killsPrivileges: Bool

    @_lifetime(copy reader)
    init(
        _ context: RequestContext, _ reader: inout MessageReader, isNamed: Bool
    ) throws(MalformedRequest) {
        self.context = context
        flags = OpenFlags(bits: try reader.u32())
        mode = try reader.u32()
        umask = try reader.u32()
        killsPrivileges = try reader.u32() & 1 != 0
        // The kernel sends a name of its own with TMPFILE, which means nothing.
        name = isNamed ? try reader.name() : try reader.take(0)
    }
}

/// FLUSH (`struct fuse_flush_in`, 24 bytes): a descriptor of the open file was closed.
public struct FlushRequest: Sendable {
    public let context: RequestContext
    public let handle: HandleID
    public let lockOwner: LockOwner

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        try reader.skip(8)
        lockOwner = LockOwner(try reader.u64())
    }
}

/// FSYNC and FSYNCDIR (`struct fuse_fsync_in`, 16 bytes).
public struct SynchronizeRequest: Sendable {
    public let context: RequestContext
    public let handle: HandleID
    /// As fdatasync(2): attributes that are not needed to read the data back may wait.
    public let dataOnly: Bool

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        dataOnly = try reader.u32() & 1 != 0
        try reader.skip(4)
    }
}

/// RELEASE and RELEASEDIR (`struct fuse_release_in`, 24 bytes): no program uses the open file any
/// more.
public struct ReleaseRequest: Sendable {
    public let context: RequestContext
    public let handle: HandleID
    public let lockOwner: LockOwner
    /// A `flock` lock may be left (`FUSE_RELEASE_FLOCK_UNLOCK`).
    public let unlocksWholeFile: Bool

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        try reader.skip(4)
        unlocksWholeFile = try reader.u32() & 2 != 0
        lockOwner = LockOwner(try reader.u64())
    }
}

/// GETLK, SETLK and SETLKW (`struct fuse_lk_in`, 48 bytes).
public struct LockRequest: Sendable {
    public let context: RequestContext
    public let handle: HandleID
    /// Of the lock: a process' table of open files, or the open file for `flock`.
    public let owner: LockOwner
    public let lock: RangeLock
    /// It is a `flock` lock.
    public let isWholeFile: Bool

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        owner = LockOwner(try reader.u64())
        let start = try reader.u64()
        let end = try reader.u64()
        let kind = RangeLock.Kind(rawValue: try reader.u32())
        let process = Int32(bitPattern: try reader.u32())
        isWholeFile = try reader.u32() & 1 != 0
        try reader.skip(4)
        guard let kind, start <= end else { throw MalformedRequest() }
        lock = RangeLock(kind: kind, start: start, end: end, processID: process)
    }
}
