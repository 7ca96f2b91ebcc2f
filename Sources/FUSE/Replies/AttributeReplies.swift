public import SystemPackage

/// Answers GETATTR and SETATTR (`struct fuse_attr_out`, 104 bytes).
public struct AttributesReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket

    init(_ ticket: consuming ReplyTicket) {
        self.ticket = ticket
    }

    public consuming func succeed(_ attributes: NodeAttributes, validFor time: Validity = .second) {
        ticket.succeed { body in
            body.u64(time.seconds)
            body.u32(time.nanoseconds)
            body.u32(0)
            attributes.write(to: &body)
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

/// Answers GETXATTR and LISTXATTR: the bytes, or their number if that was asked (8 bytes:
/// `struct fuse_getxattr_out`).
public struct ExtendedAttributeReply: Reply, ~Copyable, Sendable {
    private let ticket: ReplyTicket
    /// 0: the caller asks how much there is.
    private let room: Int

    init(_ ticket: consuming ReplyTicket, room: Int) {
        self.ticket = ticket
        self.room = room
    }

    /// Fails with ERANGE where the caller has less room.
    public consuming func succeed(_ bytes: Span<UInt8>) {
        let (count, room) = (bytes.count, room)
        if room == 0 {
            ticket.succeed { body in
                body.u32(UInt32(clamping: count))
                body.u32(0)
            }
        } else if count > room {
            ticket.fail(.outOfRange)
        } else {
            ticket.succeed(bytes)
        }
    }

    public consuming func fail(_ error: Errno) {
        ticket.fail(error)
    }
}

/// How full a file system is (`struct fuse_kstatfs`).
public struct FileSystemStatus: Sendable, Equatable {
    public var blocks: UInt64
    public var freeBlocks: UInt64
    /// Free for users without privileges.
    public var availableBlocks: UInt64
    public var files: UInt64
    public var freeFiles: UInt64
    /// In bytes; the blocks are counted in it.
    public var blockSize: UInt32
    /// In bytes.
    public var maximumNameLength: UInt32

    public init(
        blocks: UInt64, freeBlocks: UInt64, availableBlocks: UInt64, files: UInt64,
        freeFiles: UInt64, blockSize: UInt32, maximumNameLength: UInt32
    ) {
        self.blocks = blocks
        self.freeBlocks = freeBlocks
        self.availableBlocks = availableBlocks
        self.files = files
        self.freeFiles = freeFiles
        self.blockSize = blockSize
        self.maximumNameLength = maximumNameLength
    }
}

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

/// How long the kernel may go on without asking again.
public struct Validity: Sendable, Equatable {
    let seconds: UInt64
    let nanoseconds: UInt32

    /// A negative duration counts as zero.
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let isNegative = seconds < 0 || attoseconds < 0
        self.seconds = isNegative ? 0 : UInt64(seconds)
        nanoseconds = isNegative ? 0 : UInt32(attoseconds / 1_000_000_000)
    }

    public static let none = Validity(.zero)
    /// For services that have no reason for another.
    public static let second = Validity(.seconds(1))
}
