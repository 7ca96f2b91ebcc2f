internal import LinuxKit

/// READ, READDIR and READDIRPLUS (`struct fuse_read_in`, 40 bytes).
public struct ReadRequest: Sendable {
    public let context: RequestContext
    public let handle: HandleID
    /// In bytes; in a directory the position that an entry carried, 0 at first.
    public let offset: UInt64
    /// Bytes wanted; never more than the reply's buffer holds.
    public let size: Int
    /// The bytes go to the page cache: for a cached handle, for readahead(2), or for a mapping,
    /// whatever the handle. Only a read that a program waits for itself names its lock owner
    /// (`FUSE_READ_LOCKOWNER`; linux/fs/fuse/file.c, `fuse_send_read`).
    public let isForCache: Bool
    /// The handle's O_DIRECT: a program waits for the bytes itself, and no cache has them.
    let isDirect: Bool

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        offset = try reader.u64()
        size = Int(try reader.u32())
        isForCache = try reader.u32() & 2 == 0
        try reader.skip(8)
        isDirect = OpenFlags(bits: try reader.u32()).isDirect && !isForCache
        try reader.skip(4)
    }
}

/// WRITE (`struct fuse_write_in`, 40 bytes). The data is the first ``count`` bytes of ``buffer``.
public struct WriteRequest {
    public let context: RequestContext
    public let handle: HandleID
    /// In bytes.
    public let offset: UInt64
    public let count: Int
    /// Lent until the function returns.
    public let buffer: TransferBuffer
    /// The data comes from the page cache, and any program may have written it. ``handle`` is any
    /// handle that may write (`FUSE_WRITE_CACHE`).
    public let isFromCache: Bool
    /// Set-id bits go (`FUSE_WRITE_KILL_SUIDGID`).
    public let killsPrivileges: Bool

    init(_ range: WrittenRange, _ buffer: TransferBuffer) {
        context = range.context
        handle = range.handle
        offset = range.offset
        count = range.count
        isFromCache = range.flags & 1 != 0
        killsPrivileges = range.flags & 4 != 0
        self.buffer = buffer
    }
}

/// A WRITE without its data, which lies behind 40 + 40 bytes: where the buffer's begins.
struct WrittenRange {
    let context: RequestContext
    let handle: HandleID
    let offset: UInt64
    let count: Int
    /// `FUSE_WRITE_*`.
    let flags: UInt32

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        offset = try reader.u64()
        count = Int(try reader.u32())
        flags = try reader.u32()
        try reader.skip(16)
        guard count == reader.remaining else { throw MalformedRequest() }
    }
}

/// LSEEK (`struct fuse_lseek_in`, 24 bytes); the kernel asks for data and holes only.
public struct SeekRequest: Sendable {
    public let context: RequestContext
    public let handle: HandleID
    /// In bytes.
    public let offset: UInt64
    /// `SEEK_*` of lseek(2).
    public let whence: UInt32

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        offset = try reader.u64()
        whence = try reader.u32()
        try reader.skip(4)
    }
}

/// FALLOCATE (`struct fuse_fallocate_in`, 32 bytes).
public struct AllocateRequest: Sendable {
    public let context: RequestContext
    public let handle: HandleID
    /// In bytes, as the length.
    public let offset: UInt64
    public let length: UInt64
    /// `FALLOC_FL_*` of fallocate(2).
    public let mode: UInt32

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        offset = try reader.u64()
        length = try reader.u64()
        mode = try reader.u32()
        try reader.skip(4)
    }
}

/// COPY_FILE_RANGE and COPY_FILE_RANGE_64 (`struct fuse_copy_file_range_in`, 56 bytes).
public struct CopyFileRangeRequest: Sendable {
    public let context: RequestContext
    public let sourceHandle: HandleID
    /// In bytes, as the other offset and the length.
    public let sourceOffset: UInt64
    public let targetNode: NodeID
    public let targetHandle: HandleID
    public let targetOffset: UInt64
    public let length: UInt64

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        sourceHandle = HandleID(try reader.u64())
        sourceOffset = try reader.u64()
        targetNode = NodeID(try reader.u64())
        targetHandle = HandleID(try reader.u64())
        targetOffset = try reader.u64()
        length = try reader.u64()
        try reader.skip(8)
    }
}

/// IOCTL (`struct fuse_ioctl_in`, 32 bytes).
public struct ControlRequest: ~Escapable {
    public let context: RequestContext
    public let handle: HandleID
    /// The ioctl's number.
    public let command: UInt32
    /// The caller's argument as it came: a pointer of its own, or a value.
    public let argument: UInt64
    public let input: Span<UInt8>
    /// Bytes the caller has room for, at most 16,383.
    public let outputSize: Int
    /// The open file is a directory.
    public let isDirectory: Bool

    @_lifetime(copy reader)
    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        let flags = try reader.u32()
        command = try reader.u32()
        argument = try reader.u64()
        let inputSize = Int(try reader.u32())
        outputSize = Int(try reader.u32())
        isDirectory = flags & 0x10 != 0
        input = try reader.take(inputSize)
    }
}
