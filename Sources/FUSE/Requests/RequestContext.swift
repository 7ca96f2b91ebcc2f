/// Which request it is, about which node, and on whose behalf.
public struct RequestContext: Sendable, Equatable {
    /// Names the request until it is answered.
    public let unique: RequestID
    /// The node the request is about; 1 is the root.
    public let node: NodeID
    /// The file-system identity of the caller; 0 where the kernel itself asks.
    public let userID: UInt32
    public let groupID: UInt32
    /// The caller's thread, as the service's process namespace numbers it; 0 if it is not in it,
    /// and for what no process asked for (readahead, writeback, release).
    public let processID: Int32

    init(_ header: RequestHeader) {
        unique = header.unique
        node = header.node
        userID = header.userID
        groupID = header.groupID
        processID = Int32(bitPattern: header.processID)
    }
}

/// FORGET (`struct fuse_forget_in`, 8 bytes), or a pair of BATCH_FORGET: the kernel forgot `count`
/// lookups of a node.
struct ForgottenNode {
    let node: NodeID
    let count: UInt64

    init(_ context: RequestContext, _ reader: inout MessageReader) throws(MalformedRequest) {
        node = context.node
        count = try reader.u64()
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedRequest) {
        node = NodeID(try reader.u64())
        count = try reader.u64()
    }
}

/// BATCH_FORGET (`struct fuse_batch_forget_in`, 8 bytes, and 16 bytes for each node).
struct ForgottenNodes: ~Escapable {
    private let nodes: MessageReader
    private let count: UInt32

    @_lifetime(copy reader)
    init(_ reader: inout MessageReader) throws(MalformedRequest) {
        count = try reader.u32()
        try reader.skip(4)
        nodes = reader
    }

    /// All that the message holds, where it tells of more.
    func forEach(_ body: (ForgottenNode) -> Void) {
        var rest = nodes
        for _ in 0..<count {
            guard let node = try? ForgottenNode(&rest) else { return }
            body(node)
        }
    }
}

/// INTERRUPT (`struct fuse_interrupt_in`, 8 bytes): no program waits for a request any more.
struct InterruptRequest {
    /// Of the request that is to end.
    let unique: RequestID

    init(_ reader: inout MessageReader) throws(MalformedRequest) {
        unique = RequestID(try reader.u64())
    }
}
