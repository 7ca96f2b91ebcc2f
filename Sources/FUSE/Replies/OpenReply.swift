public import SystemPackage

/// Answers OPEN and OPENDIR (`struct fuse_open_out`, 16 bytes).
public struct OpenReply: Reply, ~Copyable, Sendable {
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

    /// - Returns: whether the kernel took it; false when the open was taken back meanwhile: no
    ///   RELEASE will come.
    @discardableResult
    public consuming func succeed(
        handle: HandleID, _ flags: OpenReplyFlags = [], backing: BackingFile? = nil
    ) -> Bool {
        ticket.succeed { body in
            body.u64(handle.rawValue)
            body.u32(flags.rawValue)
            body.u32(UInt32(bitPattern: backing?.number ?? 0))
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
