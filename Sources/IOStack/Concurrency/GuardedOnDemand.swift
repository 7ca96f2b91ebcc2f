/// A value that only its lock's holder touches, and that most owners never have: lock and value
/// take no memory but a pointer until somebody needs them.
///
/// A look at it before it was made counts as one under the lock, before whoever makes it: as with a
/// lock that is always there, of two threads that each change something and then look at what the
/// other changes, one sees it (`OnDemand`). A pause that looks for kernel reads relies on that.
///
/// Any thread.
public struct GuardedOnDemand<Value: Sendable>: ~Copyable, Sendable {
    @usableFromInline let place = OnDemand<Guarded<Value?>>()

    private let steps: DemandedLockSteps<Value>

    public init() { self.init(steps: DemandedLockSteps()) }

    init(steps: DemandedLockSteps<Value>) { self.steps = steps }

    /// Somebody had use for the value. Takes no lock; looks as ``current`` does.
    var isMade: Bool { unsafe place.found != nil }

    /// The value; nil as long as there is none. Makes nothing.
    @inlinable
    public var current: Value? {
        withLockIfUsed { $0 } ?? nil
    }

    /// Takes the value out. Makes nothing.
    @inlinable
    public func take() -> Value? {
        withLockIfUsed { $0.take() } ?? nil
    }

    /// Runs `body` with the value while holding the lock, both made on the first use. Not
    /// recursive.
    @inlinable
    public func withLock<R, E: Error>(
        _ body: (inout sending Value?) throws(E) -> sending R
    ) throws(E) -> sending R {
        try unsafe place.made { newGuarded() }.pointee.withLock(body)
    }

    /// As ``withLock(_:)``, where nothing is to be done as long as nobody had use for the value.
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
