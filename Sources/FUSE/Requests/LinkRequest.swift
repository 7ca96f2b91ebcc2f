/// LINK (`struct fuse_link_in`, 8 bytes): a further name, in the request's node, for another node.
public struct LinkRequest: ~Escapable {
    public let context: RequestContext
    public let existingNode: NodeID
    public let name: Span<UInt8>

    @_lifetime(copy reader)
    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        self.context = context
        existingNode = NodeID(try reader.u64())
        name = try reader.name()
    }
}
