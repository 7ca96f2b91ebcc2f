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

/// Answers STATX (`struct fuse_statx_out`, 288 bytes).
public struct StatusReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// - Parameters:
    ///   - attributes: of the node.
    ///   - birthTime: nil where the file system keeps none.
    ///   - time: how long the kernel may use them without asking.
    public consuming func succeed(
        _ attributes: NodeAttributes, birthTime: Timestamp?, validFor time: Validity
    ) {
        ticket.succeed { body in
            body.u64(time.seconds)
            body.u32(time.nanoseconds)
            body.zeros(20)
            attributes.writeExtended(birthTime: birthTime, to: &body)
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

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

/// Answers IOCTL (`struct fuse_ioctl_out`, 16 bytes, and the output).
public struct ControlReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket
    private let outputSize: Int

    init(_ ticket: consuming ReplyTicket, outputSize: Int) {
        self.ticket = ticket
        self.outputSize = outputSize
    }

    /// - Parameters:
    ///   - result: ioctl(2) returns it.
    ///   - output: cut to the caller's room.
    public consuming func succeed(result: Int32 = 0, _ output: Span<UInt8>) {
        ticket.succeed(
            output.extracting(first: min(output.count, outputSize)), result: result)
    }

    /// As the other, for an output that is put together in place: `fill` gets `size` zeros, but
    /// never more than 544, and tells how many of them count.
    public consuming func succeed(
        result: Int32 = 0, upTo size: Int, _ fill: (inout MutableSpan<UInt8>) -> Int
    ) {
        let limit = outputSize
        let room = min(max(size, 0), ReplyTicket.smallOutput)
        ticket.succeed(result: result, upTo: room) { min(fill(&$0), limit) }
    }

    /// ENOTTY for a control that is not known.
    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
