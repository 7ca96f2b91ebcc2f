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
