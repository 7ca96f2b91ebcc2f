public import SystemPackage

/// Answers GETLK (`struct fuse_lk_out`, 24 bytes).
public struct LockReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// - Parameter inTheWay: nil where the lock could be had.
    public consuming func succeed(_ inTheWay: RangeLock?) {
        let lock = inTheWay ?? RangeLock(kind: .unlock, start: 0, end: 0, processID: 0)
        ticket.succeed { body in
            body.u64(lock.start)
            body.u64(lock.end)
            body.u32(lock.kind.rawValue)
            body.u32(UInt32(bitPattern: lock.processID))
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
