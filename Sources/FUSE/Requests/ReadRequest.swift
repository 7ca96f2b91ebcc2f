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
