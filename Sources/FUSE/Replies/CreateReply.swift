public import SystemPackage

/// Answers CREATE and TMPFILE: an entry and an open file.
public struct CreateReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// Makes a file known to the kernel, for this answer and later ones. Throws as
    /// ``ReplyChannel/openBacking(_:)``.
    public func backing(_ descriptor: Int32) throws(Errno) -> BackingFile {
        let channel = ticket.channel.lasting
        return BackingFile(number: try channel.openBacking(descriptor), channel: channel)
    }

    /// - Returns: whether the kernel took it; false when the request was taken back meanwhile:
    ///   neither RELEASE nor FORGET will come.
    @discardableResult
    public consuming func succeed(
        _ entry: NodeEntry, handle: HandleID, _ flags: OpenReplyFlags = [],
        backing: BackingFile? = nil
    ) -> Bool {
        ticket.succeed { body in
            entry.write(to: &body)
            body.u64(handle.rawValue)
            body.u32(flags.rawValue)
            body.u32(UInt32(bitPattern: backing?.number ?? 0))
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
