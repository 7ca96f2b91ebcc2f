internal import CKernelABI
internal import Glibc
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

/// A counter of the kernel's (eventfd(2)). One thread polls it, any thread raises it.
///
/// A class, because each side owns the descriptor: so a late raise never reaches a number that was
/// closed and given to another file.
package final class EventCounter: Sendable {
    private let owned: OwnedDescriptor

    /// Throws `EMFILE`, `ENFILE`, `ENOMEM`.
    package init() throws(Errno) {
        let number = try SystemCall.retryingInt { bpio_event_counter() }
        owned = OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// Shows POLLIN while there are raises that ``reset()`` has not taken.
    package var descriptor: FileDescriptor { owned.descriptor }

    package func raise() {
        bpio_event_counter_raise(owned.descriptor.rawValue)
    }

    /// Takes all raises so far.
    package func reset() {
        bpio_event_counter_reset(owned.descriptor.rawValue)
    }
}

/// How many descriptors this process may have (`RLIMIT_NOFILE`).
package enum DescriptorLimit {
    package static var current: Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 1024
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Descriptors below 65,536 that are open now: the process's own and inherited ones.
    package static var inUse: Int {
        let count = min(current, 65_536)
        var all = (0..<Int32(count)).map { pollfd(fd: $0, events: 0, revents: 0) }
        guard unsafe poll(&all, nfds_t(count), 0) >= 0 else { return 0 }
        return all.count { $0.revents & Int16(POLLNVAL) == 0 }
    }
}
