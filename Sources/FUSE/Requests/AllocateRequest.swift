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
