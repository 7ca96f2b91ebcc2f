/// GETATTR (`struct fuse_getattr_in`) and STATX (`struct fuse_statx_in`).
public struct GetAttributesRequest: Sendable {
    public let context: RequestContext
    /// The open file it was asked through, where the kernel says.
    public let handle: HandleID?

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        let flags = try reader.u32()
        try reader.skip(4)
        let handle = HandleID(try reader.u64())
        // FUSE_GETATTR_FH
        self.handle = flags & 1 != 0 ? handle : nil
    }
}
