public import SystemPackage

/// Answers WRITE (`struct fuse_write_out`, 8 bytes).
public struct WriteReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// - Parameter count: bytes written.
    public consuming func succeed(_ count: Int) {
        ticket.succeed { body in
            body.u32(UInt32(clamping: count))
            body.u32(0)
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
