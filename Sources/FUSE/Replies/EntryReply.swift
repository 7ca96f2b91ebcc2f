public import SystemPackage

/// Answers LOOKUP and requests that make a name.
public struct EntryReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// Every success counts as one lookup of the node, to be forgotten later.
    ///
    /// - Returns: whether the kernel took it; false when the request was taken back meanwhile, and
    ///   with it the lookup.
    @discardableResult
    public consuming func succeed(_ entry: NodeEntry) -> Bool {
        ticket.succeed { entry.write(to: &$0) }
    }

    /// There is no such name, and that holds for a while.
    public consuming func succeedAbsent(validFor time: Validity) {
        ticket.succeed { NodeEntry.writeAbsent(validFor: time, to: &$0) }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
