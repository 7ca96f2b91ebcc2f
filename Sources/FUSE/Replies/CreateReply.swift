public import SystemPackage

/// Answers CREATE and TMPFILE: an entry and an open file.
public struct CreateReply: ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// - Returns: whether the kernel took it; false when the request was taken back meanwhile:
    ///   neither RELEASE nor FORGET will come.
    @discardableResult
    public consuming func succeed(
        _ entry: NodeEntry, handle: UInt64, _ flags: OpenReplyFlags = []
    ) -> Bool {
        ticket.succeed { body in
            entry.write(to: &body)
            body.u64(handle)
            body.u32(flags.rawValue)
            body.u32(0)
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
