import Glibc
import Synchronization

/// Remembers Ctrl-C and its like, so that mounts and files are removed before the end.
package enum Interruption {
    private static let signal = Atomic<Int32>(0)

    /// Call once, before the first ``check()``.
    package static func watch() {
        _ = received
        for number in [SIGINT, SIGTERM, SIGHUP] {
            _ = Glibc.signal(number) { Interruption.signal.store($0, ordering: .relaxed) }
        }
        // The parent may have blocked these signals (threads of Dispatch have).
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // A write to a service or peer that is gone must not end this process.
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
    }

    /// The signal that came; nil for none.
    package static var received: Int32? {
        let number = signal.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Throws a ``BenchError`` after a signal.
    package static func check() throws(BenchError) {
        guard received != nil else { return }
        throw BenchError(.interrupted, "Stopped by a signal; what was mounted and made is gone.")
    }
}
