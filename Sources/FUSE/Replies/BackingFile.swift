internal import SystemPackage

/// A file that the kernel may read and write by itself, for programs that have a node open with it
/// (``OpenReplyFlags/passthrough``).
///
/// The kernel has two rules, and fails the program's open(2) with EIO where they are broken. While
/// a node is open with a backing file, every further open of that node names this very object and
/// ``OpenReplyFlags/passthrough``, with ``OpenReplyFlags/directIO`` where the service is to get the
/// reads and writes. While the node is open without a backing file, no open names one.
///
/// Kept at least from the reply to an open until its RELEASE; released earlier, the kernel may not
/// find it. Goes with the connection.
public final class BackingFile: Sendable {
    /// The kernel's number of it.
    public let number: Int32
    private let channel: any ReplyChannel

    init(number: Int32, channel: any ReplyChannel) {
        self.number = number
        self.channel = channel
    }

    deinit { channel.closeBacking(number) }
}
