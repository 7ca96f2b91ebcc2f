/// Threads that serve when they are called and sleep otherwise.
package final class Reserve: @unchecked Sendable {
    private let lock = Lock()
    private let called = Condition()
    // Under the lock.
    private var sleepers = 0
    private var calls = 0
    private var isOver = false

    package init() {}

    /// Sleeps until called, if `condition` holds; a thread that makes it false and calls afterwards
    /// is not missed. Whether it was called.
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

    /// Wakes a sleeper up; false if none is left.
    package func call() -> Bool {
        lock.lock()
        defer { lock.unlock() }
        guard !isOver, sleepers > calls else { return false }
        calls += 1
        called.signal()
        return true
    }

    /// Wakes a sleeper up; runs `otherwise` under the lock if none is left, so before any thread
    /// looks whether to sleep.
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
