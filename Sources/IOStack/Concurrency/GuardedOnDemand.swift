import Synchronization

/// A value that only its lock's holder touches, and that most owners never have: lock and value take no
/// memory but a pointer until somebody needs them.
///
/// What looks at it without the lock, before it was made, counts as having held the lock before whoever
/// makes it. Two threads that each write something else and then look here, or make this and then look at
/// that other thing, cannot both miss the other: a fence stands between on either side. That is what a
/// lock that is always there would give, and what a pause relies on that looks for kernel reads.
///
/// Any thread. Not on the way of a bypassed read: a look counts a reference.
public struct GuardedOnDemand<Value: Sendable>: ~Copyable, Sendable {
    private final class Place: Sendable {
        let value = Guarded<Value?>(nil)
    }

    /// Set once: release by who makes it, acquire by who finds it.
    private let place = AtomicLazyReference<Place>()
    #if INTERLEAVING
        private let identity = Interleaving.newIdentity()
    #endif

    public init() {}

    /// The value; nil as long as there is none. Makes nothing.
    public var current: Value? {
        withLockIfUsed { $0 } ?? nil
    }

    /// Takes the value out. Makes nothing.
    public func take() -> Value? {
        withLockIfUsed { $0.take() } ?? nil
    }

    /// Runs `body` with the value while holding the lock, both made on the first use. Not recursive.
    public func withLock<R, E: Error>(
        _ body: (inout sending Value?) throws(E) -> sending R
    ) throws(E) -> sending R {
        try (found ?? made()).value.withLock(body)
    }

    /// As ``withLock(_:)``, where nothing is to be done as long as nobody had use for the value.
    public func withLockIfUsed<R, E: Error>(
        _ body: (inout sending Value?) throws(E) -> sending R
    ) throws(E) -> sending R? {
        guard let place = found ?? foundAfterFence() else { return nil }
        return try place.value.withLock(body)
    }

    private var found: Place? {
        #if INTERLEAVING
            Interleaving.step(.load, on: identity)
        #endif
        return place.load()
    }

    private func foundAfterFence() -> Place? {
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return place.load()
    }

    private func made() -> Place {
        #if INTERLEAVING
            Interleaving.step(.update, on: identity)
        #endif
        let made = place.storeIfNil(Place())
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return made
    }
}
