public import SystemPackage

/// The way requests come and replies go: one descriptor of /dev/fuse, or memory in tests.
///
/// One thread receives at a time.
public protocol Channel: ReplyChannel {
    /// Waits for the next request and puts it into `message`; returns its length in bytes.
    ///
    /// - Throws: `ENODEV` when the file system is unmounted, `ECONNABORTED` after an abort, and
    ///   what else the kernel says; never `EINTR`, `EAGAIN` or the `ENOENT` of a request that was
    ///   taken back.
    func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int
}

/// The way replies go. Any thread may send.
public protocol ReplyChannel: AnyObject, Sendable {
    /// Sends a whole reply or notification.
    ///
    /// - Throws: `ENOENT` when the request was interrupted or taken back meanwhile, `EINVAL` for a
    ///   reply that the kernel does not understand, `ENODEV` when nobody is there any more.
    func send(_ message: Span<UInt8>) throws(Errno)

    /// Makes a file known that the kernel may read and write by itself, by a descriptor of any kind,
    /// O_PATH too; returns its number, above 0.
    ///
    /// - Throws: `EPERM` without CAP_SYS_ADMIN in the first user namespace, or where INIT did not agree
    ///   on passthrough; `EBADF`, `EISDIR`, `EINVAL` for what is no regular file; `ELOOP` for a file of
    ///   a file system that passes reads on itself. The default: `EPERM`.
    func openBacking(_ descriptor: Int32) throws(Errno) -> Int32

    /// The kernel needs the number no more; who has the file open by it keeps it.
    func closeBacking(_ number: Int32)

    /// A channel of the same connection that may be kept as long as it. The default: this one.
    var lasting: any ReplyChannel { get }
}

extension ReplyChannel {
    public func openBacking(_ descriptor: Int32) throws(Errno) -> Int32 { throw .notPermitted }

    public func closeBacking(_ number: Int32) {}

    public var lasting: any ReplyChannel { self }
}
