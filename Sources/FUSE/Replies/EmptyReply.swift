public import SystemPackage

/// Answers a request that succeeds or fails and brings nothing back.
public struct EmptyReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    public consuming func succeed() {
        ticket.succeed()
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
