public import SystemPackage

/// The way requests come and replies go: one descriptor of /dev/fuse, or memory in tests.
///
/// One thread receives at a time; any thread may send.
public protocol Channel: AnyObject, Sendable {
    /// Waits for the next request and puts it into `message`; returns its length in bytes.
    ///
    /// - Throws: `ENODEV` when the file system is unmounted, `ECONNABORTED` after an abort, and
    ///   what else the kernel says; never `EINTR`, `EAGAIN` or the `ENOENT` of a request that was
    ///   taken back.
    func receive(into message: inout MutableSpan<UInt8>) throws(Errno) -> Int

    /// Sends a whole reply or notification.
    ///
    /// - Throws: `ENOENT` when the request was interrupted or taken back meanwhile, `EINVAL` for a
    ///   reply that the kernel does not understand, `ENODEV` when nobody is there any more.
    func send(_ message: Span<UInt8>) throws(Errno)
}
