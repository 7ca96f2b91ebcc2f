public import SystemPackage

/// Answers READ. Used before the function returns: the buffer belongs to the thread.
public struct ReadReply: Reply, ~Copyable {
    /// Where the data goes, from its beginning.
    public let buffer: TransferBuffer
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket, _ buffer: TransferBuffer) {
        self.ticket = ticket
        self.buffer = buffer
    }

    /// - Parameter count: bytes read into ``buffer``; fewer than asked for mean the file's end.
    public consuming func succeed(_ count: Int) {
        let buffer = self.buffer
        ticket.succeed(count, of: buffer)
    }

    /// Sends the part of a whole file's bytes that the request asks for.
    public consuming func succeed(_ content: Span<UInt8>, for request: ReadRequest) {
        let start = min(Int(clamping: request.offset), content.count)
        let count = min(request.size, content.count - start, buffer.capacity)
        buffer.withMutableBytes(count) { bytes in
            var writer = MessageWriter(&bytes, from: 0)
            writer.copy(content.extracting(start..<start + count))
        }
        succeed(count)
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
