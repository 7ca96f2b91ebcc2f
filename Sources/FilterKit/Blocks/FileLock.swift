import IOStack
import Locks

/// A file's lock, for many that read or for one that changes. A waiting change comes before later
/// reads.
///
/// Held while the layers below carry requests, as Linux holds an inode's lock. Whoever holds it
/// asks nothing above the filter, so nothing that waits for the lock is waited for.
final class FileLock: Sendable {
    private struct State {
        var readers = 0
        var isChanging = false
        var waiting = 0
    }

    private let state = Monitor(State())

    func shared<R>(_ body: () throws(IOFailure) -> R) throws(IOFailure) -> R {
        state.wait(until: { !$0.isChanging && $0.waiting == 0 }) { $0.readers += 1 }
        defer { state.withLock { $0.readers -= 1 } }
        return try body()
    }

    func exclusive<R>(_ body: () throws(IOFailure) -> R) throws(IOFailure) -> R {
        state.withLock { $0.waiting += 1 }
        state.wait(until: { !$0.isChanging && $0.readers == 0 }) {
            $0.waiting -= 1
            $0.isChanging = true
        }
        defer { state.withLock { $0.isChanging = false } }
        return try body()
    }
}
