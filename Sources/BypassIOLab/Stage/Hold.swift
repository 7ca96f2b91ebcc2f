import Dispatch
import IOStack

/// Requests of one kind wait here until the script releases them. Usable from any thread; its lock
/// is a leaf.
final class Hold: Sendable {
    private struct State {
        var isHolding = false
        var held: [DispatchSemaphore] = []
        var watchers: [(count: Int, arrived: DispatchSemaphore)] = []
    }
    private let state = Guarded(State())

    /// From now on each request that comes is held.
    func begin() {
        state.withLock { $0.isHolding = true }
    }

    /// Releases all and holds none any more.
    func release() {
        let held = state.withLock { state in
            state.isHolding = false
            defer { state.held = [] }
            return state.held
        }
        for request in held { request.signal() }
    }

    /// On the thread of a request: sleeps while it is held.
    func pass() {
        let released = DispatchSemaphore(value: 0)
        let isHeld = state.withLock { state in
            guard state.isHolding else { return false }
            state.held.append(released)
            let count = state.held.count
            for watcher in state.watchers where count >= watcher.count { watcher.arrived.signal() }
            state.watchers.removeAll { count >= $0.count }
            return true
        }
        if isHeld { released.wait() }
    }

    /// Sleeps until `count` are held; false if that took longer than `seconds`.
    func wait(for count: Int, seconds: Int) -> Bool {
        let arrived = DispatchSemaphore(value: 0)
        let isThere = state.withLock { state in
            if state.held.count >= count { return true }
            state.watchers.append((count, arrived))
            return false
        }
        return isThere || arrived.wait(timeout: .now() + .seconds(seconds)) == .success
    }
}
