/// A value that one thread at a time may touch. Threads can wait for its changes.
package final class Monitor<Value: Sendable>: @unchecked Sendable {
    @usableFromInline
    let lock = Lock()
    @usableFromInline
    let changed = Condition()
    @usableFromInline
    var value: Value

    @inlinable
    package init(_ value: Value) {
        self.value = value
    }

    /// Runs `body` while no other thread has the value, and wakes up the waiting threads. Not
    /// recursive.
    @inlinable
    package func withLock<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
        lock.lock()
        defer {
            changed.broadcast()
            lock.unlock()
        }
        return try body(&value)
    }

    /// Sleeps until `condition` holds, and runs `body` before another thread can change that.
    @inlinable
    package func wait<R>(until condition: (Value) -> Bool, then body: (inout Value) -> R) -> R {
        lock.lock()
        defer {
            changed.broadcast()
            lock.unlock()
        }
        while !condition(value) { changed.wait(lock) }
        return body(&value)
    }
}
