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
