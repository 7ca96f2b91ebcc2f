internal import SystemPackage

/// A file that the kernel may read and write by itself for who has a node open with it
/// (``OpenReplyFlags/passthrough``).
///
/// The kernel's rules, which it answers with EIO at the program's open(2) where they are broken: while
/// a node is open with one, every further open of that node names this very object and
/// ``OpenReplyFlags/passthrough``, with ``OpenReplyFlags/directIO`` where the service is to get the
/// reads and writes; and no open names one while the node is open without.
///
/// Kept at least from the reply to an open until its RELEASE; released earlier, the kernel may not
/// find it. Goes with the connection.
public final class BackingFile: Sendable {
    /// What the kernel calls it.
    public let number: Int32
    private let channel: any ReplyChannel

    init(number: Int32, channel: any ReplyChannel) {
        self.number = number
        self.channel = channel
    }

    deinit { channel.closeBacking(number) }
}
