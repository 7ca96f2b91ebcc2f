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

/// Answers WRITE (`struct fuse_write_out`, 8 bytes).
public struct WriteReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// - Parameter count: bytes written.
    public consuming func succeed(_ count: Int) {
        ticket.succeed { body in
            body.u32(UInt32(clamping: count))
            body.u32(0)
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

/// Answers COPY_FILE_RANGE (8 bytes: `struct fuse_write_out`, or with 7.45
/// `struct fuse_copy_file_range_out`, which hold the same number at the same place up to 4 GiB).
public struct CopyReply: Reply, ~Copyable {
    /// For copying through; lent until the function returns.
    public let buffer: TransferBuffer
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket, _ buffer: TransferBuffer) {
        self.ticket = ticket
        self.buffer = buffer
    }

    /// - Parameter count: bytes copied, at most 2³²−1.
    public consuming func succeed(_ count: Int) {
        ticket.succeed { $0.u64(UInt64(UInt32(clamping: count))) }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

/// Answers LSEEK (`struct fuse_lseek_out`, 8 bytes).
public struct SeekReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    /// - Parameter offset: in bytes.
    public consuming func succeed(_ offset: UInt64) {
        ticket.succeed { $0.u64(offset) }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

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
