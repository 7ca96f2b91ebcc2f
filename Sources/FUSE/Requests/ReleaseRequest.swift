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
