import Synchronization

/// A word of counts and bits, such as a gate's: how many are inside, why none may enter, whether a
/// drain sleeps.
///
/// Each operation is one atomic step and shows its caller only the bits that it names. By this a
/// search of every order knows which steps commute: two reads that count themselves in do, unless a
/// thread looks at the count between them.
struct GateWord: ~Copyable, Sendable {
    /// A drain that sleeps, and the count that it waits for.
    struct Sleep: Sendable {
        let flag: UInt64
        let count: UInt64

        @inline(__always)
        func isOver(_ word: UInt64) -> Bool { word & (flag | count) == flag }
    }

    private let word: Atomic<UInt64>

    init(_ value: UInt64 = 0) { word = Atomic(value) }

    /// The named bits; relaxed.
    @inline(__always)
    func glance(at bits: UInt64) -> UInt64 {
        word.willLook(at: bits)
        return word.load(ordering: .relaxed) & bits
    }

    /// The named bits; acquires.
    @inline(__always)
    func look(at bits: UInt64) -> UInt64 {
        word.willLook(at: bits)
        return word.load(ordering: .acquiring) & bits
    }

    /// Whether a count is zero, or none of `bits` is left; acquires.
    @inline(__always)
    func isZero(_ count: UInt64, orGone bits: UInt64? = nil) -> Bool {
        @inline(__always)
        @Sendable func holds(_ now: UInt64) -> Bool {
            now & count == 0 || bits.map { now & $0 == 0 } ?? false
        }
        word.willTest(count | (bits ?? 0), holds)
        return holds(word.load(ordering: .acquiring))
    }

    /// Counts in, and returns the named bits as they were. Acquires and releases.
    @inline(__always)
    func countIn(_ one: UInt64, counts: UInt64, seeing bits: UInt64) -> UInt64 {
        word.willUpdate(looks: bits, adds: counts)
        let old = word.wrappingAdd(one, ordering: .acquiringAndReleasing).oldValue
        assert(old & counts != counts, "a count overflows")
        return old & bits
    }

    /// Counts out. True if a drain sleeps whose count is zero now. Acquires and releases.
    @inline(__always)
    func countOut(_ one: UInt64, counts: UInt64, waking sleep: Sleep) -> Bool {
        word.willCountOut(one, counts, sleep)
        let old = word.wrappingSubtract(one, ordering: .acquiringAndReleasing).oldValue
        assert(old & counts >= one, "a read left that never entered")
        let new = old &- one
        return sleep.isOver(new)
    }

    /// The same where two drains may sleep.
    @inline(__always)
    func countOut(_ one: UInt64, counts: UInt64, waking sleep: Sleep, _ other: Sleep) -> Bool {
        word.willCountOut(one, counts, sleep, other)
        let old = word.wrappingSubtract(one, ordering: .acquiringAndReleasing).oldValue
        assert(old & counts >= one, "a read left that never entered")
        let new = old &- one
        return sleep.isOver(new) || other.isOver(new)
    }

    /// Sets bits, and returns the bits of `seen` as they were. Acquires and releases.
    @inline(__always)
    @discardableResult
    func set(_ bits: UInt64, seeing seen: UInt64 = 0) -> UInt64 {
        word.willUpdate(looks: seen, changes: bits)
        return word.bitwiseOr(bits, ordering: .acquiringAndReleasing).oldValue & seen
    }

    /// Clears bits, and returns the bits of `others` as they are then. Acquires and releases.
    @inline(__always)
    @discardableResult
    func clear(_ bits: UInt64, seeing others: UInt64 = 0) -> UInt64 {
        word.willUpdate(looks: others, changes: bits)
        return word.bitwiseAnd(~bits, ordering: .acquiringAndReleasing).newValue & others
    }
}
