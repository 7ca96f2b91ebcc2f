public import SystemPackage

/// Answers GETATTR and SETATTR (`struct fuse_attr_out`, 104 bytes).
public struct AttributesReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    public consuming func succeed(_ attributes: NodeAttributes, validFor time: Validity = .second) {
        ticket.succeed { body in
            body.u64(time.seconds)
            body.u32(time.nanoseconds)
            body.u32(0)
            attributes.write(to: &body)
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
