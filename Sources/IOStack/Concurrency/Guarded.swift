public import Synchronization

/// A value that only its lock's holder touches: the standard `Mutex`, made visible to ThreadSanitizer.
///
/// The standard library's mutex hands the value over inside a library that ThreadSanitizer does not
/// watch, so it would report every guarded access as a race. The holder therefore also acquires
/// what the one before released through a word of our own, which costs a load and a store.
@frozen
public struct Guarded<Value: ~Copyable>: ~Copyable {
    @usableFromInline let mutex: Mutex<Value>
    @usableFromInline let handover = Atomic<UInt8>(0)

    @inlinable
    public init(_ value: consuming sending Value) {
        mutex = Mutex(value)
    }

    /// Runs `body` with the value while holding the lock. Not recursive.
    @inlinable
    public borrowing func withLock<R: ~Copyable, E: Error>(
        _ body: (inout sending Value) throws(E) -> sending R
    ) throws(E) -> sending R {
        try mutex.withLock { (value: inout sending Value) throws(E) -> sending R in
            _ = handover.load(ordering: .acquiring)
            defer { handover.store(0, ordering: .releasing) }
            return try body(&value)
        }
    }
}

extension Guarded: @unchecked Sendable where Value: ~Copyable {}
