import IOStack
import Locks

/// A file's lock, for many that read or for one that changes, in the order in which they come.
///
/// Held while the layers below carry requests, as Linux holds an inode's lock. Whoever holds it
/// asks nothing above the filter, so nothing that waits for the lock is waited for.
final class FileLock: Sendable {
    private struct State {
        var readers = 0
        var isChanging = false
        /// The number of the next to come, and of the next to get in.
        var next: UInt64 = 0
        var turn: UInt64 = 0

        mutating func number() -> UInt64 {
            defer { next += 1 }
            return next
        }
    }

    private let state = Monitor(State())

    func shared<R>(_ body: () throws(IOFailure) -> R) throws(IOFailure) -> R {
        let number = state.withLock { $0.number() }
        state.wait(until: { $0.turn == number && !$0.isChanging }) {
            $0.readers += 1
            $0.turn += 1
        }
        defer { state.withLock { $0.readers -= 1 } }
        return try body()
    }

    func exclusive<R>(_ body: () throws(IOFailure) -> R) throws(IOFailure) -> R {
        let number = state.withLock { $0.number() }
        state.wait(until: { $0.turn == number && !$0.isChanging && $0.readers == 0 }) {
            $0.isChanging = true
            $0.turn += 1
        }
        defer { state.withLock { $0.isChanging = false } }
        return try body()
    }
}
