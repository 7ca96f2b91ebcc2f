internal import Glibc
internal import LinuxKit
internal import Locks
internal import Synchronization

/// Looks at the threads of a session every 50 ms, on a thread of its own, while there is something
/// to see: no thread waits for the next request, or one has reads under way. It sleeps otherwise.
final class WorkerWatch: Sendable {
    /// Microseconds.
    private static let interval: UInt32 = 50_000
    /// Looks without anything to see before it sleeps.
    private static let patience = 20

    private let state = Monitor(State())
    /// Sequentially consistent, as is the number of threads that wait for requests. The last thread
    /// that counts itself out there looks here afterwards, and the watch lays it down before its
    /// last look. So at least one of the two sees the other.
    private let isAwake = Atomic<Bool>(false)

    private struct State {
        var isCalled = false
        var isOver = false
        /// nil until the first call.
        var thread: OwnThread?
    }

    /// Has `look` called from now on, as long as it says that there is something to see.
    func wake(_ look: @escaping @Sendable () -> Bool) {
        if isAwake.load(ordering: .sequentiallyConsistent) { return }
        state.withLock { state in
            guard !state.isOver else { return }
            state.isCalled = true
            if state.thread == nil {
                // Without this thread no waiting thread is replaced.
                state.thread = try? OwnThread.start(named: "bypassio-watch") { [self] in
                    watch(look)
                }
            }
        }
    }

    /// Ends the thread and waits for that.
    func end() {
        let thread = state.withLock { state in
            state.isOver = true
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }

    private func watch(_ look: () -> Bool) {
        while state.wait(
            until: { $0.isCalled || $0.isOver },
            then: { state in
                state.isCalled = false
                return !state.isOver
            })
        {
            isAwake.store(true, ordering: .sequentiallyConsistent)
            var quiet = 0
            while quiet < Self.patience, !state.withLock({ $0.isOver }) {
                usleep(Self.interval)
                quiet = look() ? 0 : quiet + 1
            }
            isAwake.store(false, ordering: .sequentiallyConsistent)
            if look() { state.withLock { $0.isCalled = true } }
        }
    }
}
