/// WRITE (`struct fuse_write_in`, 40 bytes). The data is the first ``count`` bytes of ``buffer``.
public struct WriteRequest {
    public let context: RequestContext
    public let handle: UInt64
    /// In bytes.
    public let offset: UInt64
    public let count: Int
    /// Lent until the function returns.
    public let buffer: TransferBuffer
    /// The data comes from the page cache, written by whoever: ``handle`` is one that may write
    /// (`FUSE_WRITE_CACHE`).
    public let isFromCache: Bool
    /// Set-id bits go (`FUSE_WRITE_KILL_SUIDGID`).
    public let killsPrivileges: Bool

    init(
        _ context: RequestContext, _ reader: inout MessageReader, _ buffer: TransferBuffer
    ) throws(MalformedRequest) {
        self.context = context
        handle = try reader.u64()
        offset = try reader.u64()
        count = Int(try reader.u32())
        let flags = try reader.u32()
        try reader.skip(16)
        isFromCache = flags & 1 != 0
        killsPrivileges = flags & 4 != 0
        self.buffer = buffer
        // 40 + 40 bytes came before: the data begins where the buffer's does.
        guard count == reader.remaining, count <= buffer.capacity else { throw MalformedRequest() }
    }
}
