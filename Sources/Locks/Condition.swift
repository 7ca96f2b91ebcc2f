package import Glibc

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
