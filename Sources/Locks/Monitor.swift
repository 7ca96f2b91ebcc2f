package import Glibc

/// A POSIX mutex, which ThreadSanitizer sees. Not recursive. Any thread.
@safe
package struct Lock: ~Copyable, @unchecked Sendable {
    @usableFromInline
    package let mutex: UnsafeMutablePointer<pthread_mutex_t>

    package init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    @inlinable
    package func lock() {
        unsafe pthread_mutex_lock(mutex)
    }

    @inlinable
    package func unlock() {
        unsafe pthread_mutex_unlock(mutex)
    }
}

/// A POSIX condition variable on the monotonic clock. Any thread. A waiter holds the lock that
/// guards the awaited state.
@safe
package struct Condition: ~Copyable, @unchecked Sendable {
    @usableFromInline
    package let condition: UnsafeMutablePointer<pthread_cond_t>

    package init() {
        var monotonic = pthread_condattr_t()
        unsafe pthread_condattr_init(&monotonic)
        unsafe pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC)
        unsafe condition = .allocate(capacity: 1)
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_cond_init(condition, &monotonic)
        unsafe pthread_condattr_destroy(&monotonic)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe condition.deallocate()
    }

    /// Gives the lock up, sleeps, and takes it again. May return without a signal: check again.
    @inlinable
    package func wait(_ lock: borrowing Lock) {
        unsafe pthread_cond_wait(condition, lock.mutex)
    }

    /// As ``wait(_:)``, but at most until a moment of the monotonic clock, in nanoseconds. False if
    /// that moment has come.
    package func wait(_ lock: borrowing Lock, until moment: Int64) -> Bool {
        var limit = timespec(
            tv_sec: Int(max(0, moment) / 1_000_000_000),
            tv_nsec: Int(max(0, moment) % 1_000_000_000))
        return unsafe pthread_cond_timedwait(condition, lock.mutex, &limit) != ETIMEDOUT
    }

    /// Wakes up one waiting thread.
    @inlinable
    package func signal() {
        unsafe pthread_cond_signal(condition)
    }

    /// Wakes up all waiting threads.
    @inlinable
    package func broadcast() {
        unsafe pthread_cond_broadcast(condition)
    }
}

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

    /// Sleeps until `condition` holds, or so long at most, and runs `body` before another thread
    /// can change that.
    package func wait<R>(
        until condition: (Value) -> Bool, atMost duration: Duration, then body: (inout Value) -> R
    ) -> R {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let (seconds, attoseconds) = duration.components
        let moment =
            Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
            &+ seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
        lock.lock()
        defer {
            changed.broadcast()
            lock.unlock()
        }
        while !condition(value), changed.wait(lock, until: moment) {}
        return body(&value)
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
