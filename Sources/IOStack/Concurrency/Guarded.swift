internal import Glibc

/// A value that only its lock's holder touches.
///
/// It uses the C library's mutex instead of the standard library's. The latter spins, which on few
/// cores takes the time that the lock's holder needs. It also hands over through the kernel's
/// priority inheritance, with a system call on either side. With sixteen threads of a mount on two
/// cores it cost a third of a lookup. ThreadSanitizer does not see its hand-over, either.
/// ``Guarded`` costs one allocation at the start, for lock and value together; ``GuardedOnDemand``
/// allocates at the first use.
@safe
public struct Guarded<Value: ~Copyable>: ~Copyable {
    /// Does not move, as the C library demands.
    @usableFromInline let value: UnsafeMutablePointer<Value>
    private let steps: LockSteps

    public init(_ value: consuming sending Value) {
        unsafe self.init(value) { _ in LockSteps() }
    }

    init(_ value: consuming sending Value, steps: (UnsafeMutablePointer<Value>) -> LockSteps) {
        let place = unsafe Self.place(value)
        unsafe self.value = place
        unsafe self.steps = steps(place)
    }

    deinit {
        let place = unsafe place
        unsafe value.deinitialize(count: 1)
        unsafe pthread_mutex_destroy(mutex)
        unsafe place.deallocate()
    }

    /// Allocates a lock and the value; returns the value's address.
    private static func place(
        _ value: consuming sending Value
    ) -> UnsafeMutablePointer<Value> {
        let place = UnsafeMutableRawPointer.allocate(
            byteCount: valueOffset + MemoryLayout<Value>.size,
            alignment: unsafe max(
                MemoryLayout<pthread_mutex_t>.alignment, MemoryLayout<Value>.alignment))
        let mutex = unsafe place.initializeMemory(
            as: pthread_mutex_t.self, to: pthread_mutex_t())
        unsafe pthread_mutex_init(mutex, nil)
        let start = unsafe (place + valueOffset).bindMemory(to: Value.self, capacity: 1)
        unsafe start.initialize(to: value)
        return unsafe start
    }

    /// In bytes. The lock comes first; the value's alignment decides where the value follows.
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

    /// Looks at the value while holding the lock. `body` has no effect that other threads could
    /// see.
    borrowing func look<R>(_ body: (borrowing Value) -> R) -> R {
        seen(body)
    }

    borrowing func seen<R>(_ body: (borrowing Value) -> R) -> R {
        steps.willPeek()
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return unsafe body(value.pointee)
    }

    /// Changes the value while holding the lock. Only `body`'s result leaves the lock.
    borrowing func change<R: Hashable>(_ body: (inout Value) -> R) -> R {
        let memory = StepMemory()
        lock()
        let result = unsafe body(&value.pointee)
        unlock()
        memory.forget(but: result)
        return result
    }

    /// The same without a result.
    borrowing func change(_ body: (inout Value) -> Void) {
        let memory = StepMemory()
        lock()
        unsafe body(&value.pointee)
        unlock()
        memory.forget()
    }

    @usableFromInline
    borrowing func lock() {
        steps.willLock()
        let result = unsafe pthread_mutex_lock(mutex)
        assert(result == 0)
    }

    @usableFromInline
    borrowing func unlock() {
        let result = unsafe pthread_mutex_unlock(mutex)
        assert(result == 0)
        steps.didUnlock()
    }
}

extension Guarded: @unchecked Sendable where Value: ~Copyable {}
