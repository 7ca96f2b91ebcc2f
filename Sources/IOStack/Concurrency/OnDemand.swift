import Synchronization

/// A value that most owners never need. It takes no memory but a pointer until the first use, and
/// then lives as long as its owner.
///
/// It is an address instead of the standard library's lazy reference. The latter counts a reference
/// at each look and asks the runtime for generic types; an open and close spent 3,800 instructions
/// on it.
///
/// Any thread. If two threads make the value at once, one value is kept. Suppose two threads each
/// write something else and then look here, or make this value and then look at that other thing.
/// They cannot both miss the other's write: a fence stands between on either side.
@safe
@usableFromInline
struct OnDemand<Value: ~Copyable & Sendable>: ~Copyable, Sendable {
    /// The value's address, 0 before there is a value. Set once. The thread that makes the value
    /// releases; a thread that finds it acquires.
    private let address = Atomic(address: 0)

    init() {}

    deinit {
        // `owned`, because no thread's step drops the last reference.
        guard let place = unsafe UnsafeMutablePointer<Value>(bitPattern: address.owned) else {
            return
        }
        unsafe place.deinitialize(count: 1)
        unsafe place.deallocate()
    }

    /// The value's address, valid for as long as this lives; nil before there is a value.
    @usableFromInline
    var found: UnsafeMutablePointer<Value>? {
        if let place = unsafe known { return unsafe place }
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return unsafe known
    }

    /// The value's address; `make` makes the value if there was none.
    @usableFromInline
    func made(by make: () -> Value) -> UnsafeMutablePointer<Value> {
        if let place = unsafe known { return unsafe place }
        let place = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        unsafe place.initialize(to: make())
        let earlier = publish(UInt(bitPattern: place))
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        guard let other = unsafe UnsafeMutablePointer<Value>(bitPattern: earlier) else {
            return unsafe place
        }
        unsafe place.deinitialize(count: 1)
        unsafe place.deallocate()
        return unsafe other
    }

    private var known: UnsafeMutablePointer<Value>? {
        unsafe UnsafeMutablePointer(bitPattern: address.load(ordering: .acquiring))
    }

    /// The address that was there before; 0 if the place took this one.
    private func publish(_ bits: UInt) -> UInt {
        address.compareExchange(
            expected: 0, desired: bits, ordering: .acquiringAndReleasing
        ).original
    }
}

/// A value that only its lock's holder touches, and that most owners never need. Until the first
/// use it takes no memory but a pointer.
///
/// A look before the first use counts as a look under the lock. So this type keeps a promise of an
/// ordinary lock: if two threads each change a value and then look at the other's value, at least
/// one sees the change (`OnDemand`). A pause that looks for kernel reads relies on that.
///
/// Any thread.
public struct GuardedOnDemand<Value: Sendable>: ~Copyable, Sendable {
    @usableFromInline let place = OnDemand<Guarded<Value?>>()

    private let steps: DemandedLockSteps<Value>

    public init() { self.init(steps: DemandedLockSteps()) }

    init(steps: DemandedLockSteps<Value>) { self.steps = steps }

    /// Whether the value was ever used. Takes no lock; looks as ``current`` does.
    var isMade: Bool { unsafe place.found != nil }

    /// The value; nil if there is none. Makes nothing.
    @inlinable
    public var current: Value? {
        withLockIfUsed { $0 } ?? nil
    }

    /// Takes the value out. Makes nothing.
    @inlinable
    public func take() -> Value? {
        withLockIfUsed { $0.take() } ?? nil
    }

    /// Runs `body` with the value while holding the lock; the first use makes both. Not recursive.
    @inlinable
    public func withLock<R, E: Error>(
        _ body: (inout sending Value?) throws(E) -> sending R
    ) throws(E) -> sending R {
        try unsafe place.made { newGuarded() }.pointee.withLock(body)
    }

    /// As ``withLock(_:)``, but does nothing if the value was never used.
    @inlinable
    public func withLockIfUsed<R, E: Error>(
        _ body: (inout sending Value?) throws(E) -> sending R
    ) throws(E) -> sending R? {
        guard let place = unsafe place.found else { return nil }
        return try unsafe place.pointee.withLock(body)
    }

    @usableFromInline
    func newGuarded() -> Guarded<Value?> { steps.guarded() }
}
