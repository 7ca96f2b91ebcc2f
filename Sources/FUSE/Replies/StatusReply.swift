public import SystemPackage

/// Answers STATX (`struct fuse_statx_out`, 288 bytes).
public struct StatusReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// - Parameters:
    ///   - attributes: of the node.
    ///   - birthTime: nil where the file system keeps none.
    ///   - time: how long the kernel may use them without asking.
    public consuming func succeed(
        _ attributes: NodeAttributes, birthTime: Timestamp?, validFor time: Validity
    ) {
        ticket.succeed { body in
            body.u64(time.seconds)
            body.u32(time.nanoseconds)
            body.zeros(20)
            attributes.writeExtended(birthTime: birthTime, to: &body)
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
