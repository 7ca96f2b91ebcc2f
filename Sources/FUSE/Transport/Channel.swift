public import SystemPackage

/// The way requests come and replies go: one descriptor of /dev/fuse, or memory in tests.
///
/// One thread receives at a time.
public protocol Channel: ReplyChannel {
    /// Waits for the next request and puts it into `message`; returns its length in bytes.
    ///
    /// - Throws: `ENODEV` when the file system is unmounted, `ECONNABORTED` after an abort, and
    ///   other errors of the kernel; never `EINTR`, `EAGAIN` or the `ENOENT` of a request that was
    ///   taken back.
    func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int
}

/// The way replies go. Any thread may send.
public protocol ReplyChannel: AnyObject, Sendable {
    /// Sends a whole reply or notification.
    ///
    /// - Throws: `ENOENT` when the request was interrupted or taken back meanwhile, `EINVAL` for a
    ///   reply that the kernel does not understand, `ENODEV` when the file system is unmounted.
    func send(_ message: Span<UInt8>) throws(Errno)

    /// Makes a file known that the kernel may read and write by itself, by a descriptor of any
    /// kind, O_PATH too; returns its number, above 0.
    ///
    /// - Throws: `EPERM` without CAP_SYS_ADMIN in the first user namespace, or where INIT did not
    ///   agree on passthrough; `EBADF`, `EISDIR`, `EINVAL` unless it is a regular file; `ELOOP` for
    ///   a file of a file system that passes reads on itself. The default: `EPERM`.
    func openBacking(_ descriptor: Int32) throws(Errno) -> Int32

    /// The kernel needs the number no more. Programs that have the file open by it keep the file.
    func closeBacking(_ number: Int32)

    /// A request is about to be answered with an error of the storage below. It must not wait. The
    /// default tells nobody.
    func storageFailed(_ error: Errno)

    /// A channel of the same connection that may be kept as long as it. The default: this one.
    var lasting: any ReplyChannel { get }
}

extension ReplyChannel {
    public func openBacking(_ descriptor: Int32) throws(Errno) -> Int32 { throw .notPermitted }

    public func closeBacking(_ number: Int32) {}

    public func storageFailed(_ error: Errno) {}

    public var lasting: any ReplyChannel { self }
}

/// A transport beside /dev/fuse, which stands in a module that FUSE does not know.
package struct FurtherTransport: Sendable {
    /// By which INIT agrees on it.
    package let flag: InitFlags
    /// Why the kernel does not offer it, and how to mend that; nil where the kernel does.
    package let obstacle: @Sendable () -> (reason: String, remedy: String)?
    package let makeSource: @Sendable (RequestSourceSite) throws(Errno) -> any RequestSource

    package init(
        flag: InitFlags, obstacle: @escaping @Sendable () -> (reason: String, remedy: String)?,
        makeSource: @escaping @Sendable (RequestSourceSite) throws(Errno) -> any RequestSource
    ) {
        self.flag = flag
        self.obstacle = obstacle
        self.makeSource = makeSource
    }
}

/// Where the requests of a session come from beside /dev/fuse, with the threads that carry them.
///
/// INIT, FORGET and INTERRUPT come over /dev/fuse as ever, and so does all else where the kernel
/// does not agree on the transport.
package protocol RequestSource: AnyObject, Sendable {
    /// Makes everything ready before INIT is answered: once the kernel was told of it, it waits for
    /// it. False where that cannot be had.
    func prepare() -> Bool

    /// After INIT was answered: returns when the kernel can send requests, or does not agree.
    func open()

    /// A request is to end with EINTR; false if the source does not have it, or not yet. Any
    /// thread; waits for nothing.
    func interrupt(_ unique: RequestID) -> Bool

    /// The session's watch looks at what waits, every 50 ms or less often: for interrupts that
    /// nobody told of.
    func look()

    /// Threads are in a system call that only an interrupt ends.
    var hasThreadsInKernel: Bool { get }

    /// Nothing comes any more. Threads leave when they see it.
    func end()
}

/// A session lends this to a further source.
package struct RequestSourceSite: Sendable {
    /// Starts a thread that the session counts, interrupts at its end and joins.
    package typealias ThreadStart =
        @Sendable (_ name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) -> Void

    package let connection: Connection
    /// Where the connection's other requests come.
    package let channel: DeviceChannel
    /// Bytes behind the header of the largest request or reply.
    package let capacity: Int
    /// Beside the threads that wait for requests.
    package let maximumThreads: Int
    package let startThread: ThreadStart
    /// A request begins to wait: has the session look (``RequestSource/look()``) soon.
    package let wakeWatch: @Sendable () -> Void
}
