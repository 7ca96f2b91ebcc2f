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
