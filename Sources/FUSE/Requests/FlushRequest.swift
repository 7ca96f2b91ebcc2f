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
