internal import Glibc

/// A value that only its lock's holder touches.
///
/// Over the C library's mutex instead of the standard library's. That one spins for its lock, which
/// on few cores takes the time that its holder needs to let it go, and hands over through the kernel's
/// priority inheritance, a system call on either side; with sixteen threads of a mount on two cores
/// it cost a third of a lookup. ThreadSanitizer also does not see its hand-over. It costs an
/// allocation at the start.
@safe
public struct Guarded<Value: ~Copyable>: ~Copyable {
    /// Does not move, as the C library demands.
    @usableFromInline let value: UnsafeMutablePointer<Value>
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    #if INTERLEAVING
        private let identity = Interleaving.newIdentity()
    #endif

    public init(_ value: consuming sending Value) {
        unsafe self.value = .allocate(capacity: 1)
        unsafe self.value.initialize(to: value)
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
        unsafe value.deinitialize(count: 1)
        unsafe value.deallocate()
    }

    /// Runs `body` with the value while holding the lock. Not recursive.
    @inlinable
    public borrowing func withLock<R: ~Copyable, E: Error>(
        _ body: (inout sending Value) throws(E) -> sending R
    ) throws(E) -> sending R {
        lock()
        defer { unlock() }
        return try unsafe body(&value.pointee)
    }

    @usableFromInline
    borrowing func lock() {
        #if INTERLEAVING
            Interleaving.step(.lock, on: identity)
        #endif
        let result = unsafe pthread_mutex_lock(mutex)
        assert(result == 0)
    }

    @usableFromInline
    borrowing func unlock() {
        let result = unsafe pthread_mutex_unlock(mutex)
        assert(result == 0)
        #if INTERLEAVING
            Interleaving.step(.unlock, on: identity)
        #endif
    }
}

extension Guarded: @unchecked Sendable where Value: ~Copyable {}
