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
