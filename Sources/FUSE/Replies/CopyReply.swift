public import SystemPackage

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
