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
