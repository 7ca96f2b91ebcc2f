internal import CKernelABI
public import SystemPackage

/// An open file descriptor that is closed when its owner goes away.
///
/// Use ``descriptor`` for calls, and keep the owner alive for as long as the number is in use.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The descriptor's number, valid while the owner lives.
    public let descriptor: FileDescriptor

    /// Takes over an open descriptor; the caller must not close it any more.
    public init(owning descriptor: FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Gives the descriptor up without closing it. The caller must close it.
    public consuming func release() -> FileDescriptor {
        let released = descriptor
        discard self
        return released
    }

    /// close(2), with the error that `deinit` would have to swallow.
    ///
    /// - Throws: the error of close(2), such as EIO of a write that failed late. The descriptor is
    ///   gone in every case: Linux closes even when it reports EINTR, so there is no retry.
    public consuming func close() throws(Errno) {
        let number = release().rawValue
        let result = bpio_close(number)
        if result < 0, -result != Errno.interrupted.rawValue { throw Errno(rawValue: -result) }
    }

    deinit {
        _ = bpio_close(descriptor.rawValue)
    }
}
