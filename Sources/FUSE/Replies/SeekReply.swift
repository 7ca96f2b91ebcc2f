public import SystemPackage

/// Answers LSEEK (`struct fuse_lseek_out`, 8 bytes).
public struct SeekReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// - Parameter offset: in bytes.
    public consuming func succeed(_ offset: UInt64) {
        ticket.succeed { $0.u64(offset) }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
