public import SystemPackage

/// Answers READLINK.
public struct BytesReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    public consuming func succeed(_ bytes: Span<UInt8>) {
        ticket.succeed(bytes)
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
