import Synchronization

/// Counts who is inside something that may go away (`EX_RUNDOWN_REF`).
///
/// Layout: bit 63 says it is going away, bit 62 that a drain sleeps, the rest counts.
/// Invariant: after ``runDown(advance:)`` returned nobody is inside and nobody enters.
struct RundownGate: ~Copyable, Sendable {
    private static var closed: UInt64 { 1 << 63 }
    private static var waiting: UInt64 { 1 << 62 }
    private static var countMask: UInt64 { (1 << 62) - 1 }

    private let word = Atomic<UInt64>(0)
    private let event = DrainEvent()

    /// False once it is going away.
    func enter() -> Bool {
        let old = word.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
        if old & Self.closed == 0 { return true }
        leave()
        return false
    }

    func leave() {
        let new = word.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
        if new & (Self.waiting | Self.countMask) == Self.waiting { event.signal() }
    }

    /// From its return on nobody enters.
    func close() {
        word.bitwiseOr(Self.closed, ordering: .acquiringAndReleasing)
    }

    /// Waits until nobody is inside.
    func drain(advance: () -> DrainProgress) {
        event.wait(
            raise: { word.bitwiseOr(Self.waiting, ordering: .acquiringAndReleasing) },
            lower: { word.bitwiseAnd(~Self.waiting, ordering: .acquiringAndReleasing) },
            isDrained: { word.load(ordering: .acquiring) & Self.countMask == 0 },
            advance: advance)
    }

    var isClosed: Bool { word.load(ordering: .acquiring) & Self.closed != 0 }
    var count: Int { Int(word.load(ordering: .acquiring) & Self.countMask) }
}
