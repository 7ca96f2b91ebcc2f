public import SystemPackage

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
