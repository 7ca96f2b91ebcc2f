internal import IOStack
internal import LinuxKit

/// The processes of threads, of which the kernel tells with each request. Remembered for a second:
/// a number may stand for another thread later.
///
/// Any thread. Lock order: a leaf.
final class ThreadProcesses: Sendable {
    private struct Known {
        let process: Int32
        let end: UInt64
    }

    private static let validity: UInt64 = 1_000_000_000
    private static let most = 4096

    private let known = Guarded<[Int32: Known]>([:])

    /// The thread's own number where it has ended, and 0 for what no thread asked for.
    func process(of thread: Int32) -> Int32 {
        guard thread > 0 else { return 0 }
        let now = LayerClock.now
        if let found = known.withLock({ $0[thread] }), found.end > now { return found.process }
        let process = TaskStatus(thread: thread)?.process ?? thread
        known.withLock { known in
            if known.count >= Self.most { known = [:] }
            known[thread] = Known(process: process, end: now + Self.validity)
        }
        return process
    }
}
