internal import Glibc

/// A value that only its lock's holder touches.
///
/// Over the C library's mutex instead of the standard library's. That one spins for its lock, which
/// on few cores takes the time that its holder needs to let it go, and hands over through the kernel's
/// priority inheritance, a system call on either side; with sixteen threads of a mount on two cores
/// it cost a third of a lookup. ThreadSanitizer also does not see its hand-over. It costs one
/// allocation at the start, for lock and value together; ``GuardedOnDemand`` makes it when it is needed.
@safe
public struct Guarded<Value: ~Copyable>: ~Copyable {
    /// Does not move, as the C library demands.
    @usableFromInline let value: UnsafeMutablePointer<Value>
    #if INTERLEAVING
        private let identity = Interleaving.newIdentity()
    #endif

    public init(_ value: consuming sending Value) {
        let place = UnsafeMutableRawPointer.allocate(
            byteCount: Self.valueOffset + MemoryLayout<Value>.size,
            alignment: unsafe max(
                MemoryLayout<pthread_mutex_t>.alignment, MemoryLayout<Value>.alignment))
        let mutex = unsafe place.initializeMemory(
            as: pthread_mutex_t.self, to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        unsafe self.value = (place + Self.valueOffset).bindMemory(to: Value.self, capacity: 1)
        unsafe self.value.initialize(to: value)
    }

    deinit {
        let place = unsafe place
        unsafe value.deinitialize(count: 1)
        unsafe pthread_mutex_destroy(mutex)
        unsafe place.deallocate()
    }

    /// The lock comes first, the value where its alignment lets it. Bytes.
    private static var valueOffset: Int {
        let mask = MemoryLayout<Value>.alignment - 1
        return unsafe (MemoryLayout<pthread_mutex_t>.size + mask) & ~mask
    }

    private var place: UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(value) - Self.valueOffset
    }

    private var mutex: UnsafeMutablePointer<pthread_mutex_t> {
        unsafe place.assumingMemoryBound(to: pthread_mutex_t.self)
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
