/// GETLK, SETLK and SETLKW (`struct fuse_lk_in`, 48 bytes).
public struct LockRequest: Sendable {
    public let context: RequestContext
    public let handle: HandleID
    /// Of the lock: a process' table of open files, or the open file for `flock`.
    public let owner: LockOwner
    public let lock: RangeLock
    /// It is a `flock` lock.
    public let isWholeFile: Bool

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        handle = HandleID(try reader.u64())
        owner = LockOwner(try reader.u64())
        let start = try reader.u64()
        let end = try reader.u64()
        let kind = RangeLock.Kind(rawValue: try reader.u32())
        let process = Int32(bitPattern: try reader.u32())
        isWholeFile = try reader.u32() & 1 != 0
        try reader.skip(4)
        guard let kind, start <= end else { throw MalformedRequest() }
        lock = RangeLock(kind: kind, start: start, end: end, processID: process)
    }
}
