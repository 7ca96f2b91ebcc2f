import Synchronization

/// Something that most owners never need: takes no memory but a pointer until the first use, and
/// then stays as long as its owner.
///
/// Over an address instead of the standard library's lazy reference. That one counts a reference at
/// each look and asks the runtime for generic types; an open and close spent 3,800 instructions on
/// it.
///
/// Any thread. Of two that make it at once, one is kept. Two threads that each write something else
/// and then look here, or make this and then look at that other thing, cannot both miss the other:
/// a fence stands between on either side.
@safe
@usableFromInline
struct OnDemand<Value: ~Copyable & Sendable>: ~Copyable, Sendable {
    /// Of the value, 0 before there is one. Set once: release by who makes it, acquire by who finds
    /// it.
    private let address = Atomic(address: 0)

    init() {}

    deinit {
        // When somebody lets go of the last reference is no thread's doing.
        guard let place = unsafe UnsafeMutablePointer<Value>(bitPattern: address.owned) else {
            return
        }
        unsafe place.deinitialize(count: 1)
        unsafe place.deallocate()
    }

    /// Where the value is, for as long as this lives; nil before there is one.
    @usableFromInline
    var found: UnsafeMutablePointer<Value>? {
        if let place = unsafe known { return unsafe place }
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return unsafe known
    }

    /// Where the value is, made by `make` if there was none.
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

    /// What was there before; 0 if the place is this one now.
    private func publish(_ bits: UInt) -> UInt {
        address.compareExchange(
            expected: 0, desired: bits, ordering: .acquiringAndReleasing
        ).original
    }
}
