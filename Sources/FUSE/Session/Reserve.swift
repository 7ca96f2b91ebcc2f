internal import Glibc

/// Threads that serve when they are called and sleep otherwise.
@safe
package final class Reserve: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let called = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    // Under the mutex.
    private var sleepers = 0
    private var calls = 0
    private var isOver = false

    package init() {
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe called.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(called, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(called)
        unsafe pthread_mutex_destroy(mutex)
        unsafe called.deallocate()
        unsafe mutex.deallocate()
    }

    /// Sleeps until called, if `condition` holds; whoever makes it false and calls afterwards is not
    /// missed. Whether it was called.
    package func wait(if condition: () -> Bool) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard !isOver, condition() else { return false }
        sleepers += 1
        while calls == 0, !isOver { unsafe pthread_cond_wait(called, mutex) }
        sleepers -= 1
        guard calls > 0 else { return false }
        calls -= 1
        return true
    }

    /// Wakes one up; false if nobody is left to.
    package func call() -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        guard !isOver, sleepers > calls else { return false }
        calls += 1
        unsafe pthread_cond_signal(called)
        return true
    }

    /// Wakes up everybody for good.
    package func end() {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        isOver = true
        unsafe pthread_cond_broadcast(called)
    }
}
