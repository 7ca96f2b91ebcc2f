public import SystemPackage

/// Answers STATFS (`struct fuse_statfs_out`, 80 bytes).
public struct FileSystemStatusReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    public consuming func succeed(_ status: FileSystemStatus) {
        ticket.succeed { body in
            body.u64(status.blocks)
            body.u64(status.freeBlocks)
            body.u64(status.availableBlocks)
            body.u64(status.files)
            body.u64(status.freeFiles)
            body.u32(status.blockSize)
            body.u32(status.maximumNameLength)
            body.u32(status.blockSize)
            body.zeros(28)
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}
