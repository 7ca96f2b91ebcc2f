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
