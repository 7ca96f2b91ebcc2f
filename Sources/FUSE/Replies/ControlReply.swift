public import SystemPackage

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
