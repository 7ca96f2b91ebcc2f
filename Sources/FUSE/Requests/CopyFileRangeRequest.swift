/// COPY_FILE_RANGE and COPY_FILE_RANGE_64 (`struct fuse_copy_file_range_in`, 56 bytes).
public struct CopyFileRangeRequest: Sendable {
    public let context: RequestContext
    public let sourceHandle: HandleID
    /// In bytes, as the other offset and the length.
    public let sourceOffset: UInt64
    public let targetNode: NodeID
    public let targetHandle: HandleID
    public let targetOffset: UInt64
    public let length: UInt64

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        sourceHandle = HandleID(try reader.u64())
        sourceOffset = try reader.u64()
        targetNode = NodeID(try reader.u64())
        targetHandle = HandleID(try reader.u64())
        targetOffset = try reader.u64()
        length = try reader.u64()
        try reader.skip(8)
    }
}
