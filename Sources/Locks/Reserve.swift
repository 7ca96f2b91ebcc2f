/// Threads that serve when they are called and sleep otherwise.
package final class Reserve: @unchecked Sendable {
    private let lock = Lock()
    private let called = Condition()
    // These change under the lock.
    private var sleepers = 0
    private var calls = 0
    private var isOver = false

    package init() {}

    /// Sleeps until called, if `condition` holds. A thread that makes it false and calls after that
    /// is not missed. Returns whether the thread was called.
    package func wait(if condition: () -> Bool) -> Bool {
        lock.lock()
        defer { lock.unlock() }
        guard !isOver, condition() else { return false }
        sleepers += 1
        while calls == 0, !isOver { called.wait(lock) }
        sleepers -= 1
        guard calls > 0 else { return false }
        calls -= 1
        return true
    }

    /// Threads that sleep and are not called yet.
    package var sleeping: Int {
        lock.lock()
        defer { lock.unlock() }
        return isOver ? 0 : sleepers - calls
    }

    /// Wakes up a sleeper; false if none is left.
    package func call() -> Bool {
        lock.lock()
        defer { lock.unlock() }
        guard !isOver, sleepers > calls else { return false }
        calls += 1
        called.signal()
        return true
    }

    /// Wakes up a sleeper. If none is left, runs `otherwise` under the lock, and so before any
    /// thread checks whether to sleep.
    package func call(orElse otherwise: () -> Void) {
        lock.lock()
        defer { lock.unlock() }
        guard !isOver, sleepers > calls else { return otherwise() }
        calls += 1
        called.signal()
    }

    /// Wakes up all sleepers for good.
    package func end() {
        lock.lock()
        defer { lock.unlock() }
        isOver = true
        called.broadcast()
    }
}
