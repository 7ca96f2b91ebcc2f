import Synchronization

/// A word of counts and bits, such as a gate's: who is inside, who may not enter, whether somebody sleeps.
///
/// Each operation is one atomic step and shows its caller only the bits that it names. So a test that
/// tries the threads' orders knows which steps commute: two reads that are counted in do, unless
/// somebody looks at the count between them.
struct GateWord: ~Copyable, Sendable {
    /// A drain that sleeps, and the count it waits for.
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
        #if INTERLEAVING
            word.prepare(.load, ScheduledPart(looks: bits), seeing: bits)
        #endif
        return word.load(ordering: .relaxed) & bits
    }

    /// The named bits; acquires.
    @inline(__always)
    func look(at bits: UInt64) -> UInt64 {
        #if INTERLEAVING
            word.prepare(.load, ScheduledPart(looks: bits), seeing: bits)
        #endif
        return word.load(ordering: .acquiring) & bits
    }

    /// A count is zero, or none of `bits` is left; acquires.
    @inline(__always)
    func isZero(_ count: UInt64, orGone bits: UInt64? = nil) -> Bool {
        @inline(__always)
        @Sendable func holds(_ now: UInt64) -> Bool {
            now & count == 0 || bits.map { now & $0 == 0 } ?? false
        }
        #if INTERLEAVING
            word.prepare(.load, ScheduledPart(looks: count | (bits ?? 0))) { holds($0) ? 1 : 0 }
        #endif
        return holds(word.load(ordering: .acquiring))
    }

    /// Counts in; the named bits as they were. Acquires and releases.
    @inline(__always)
    func countIn(_ one: UInt64, counts: UInt64, seeing bits: UInt64) -> UInt64 {
        #if INTERLEAVING
            word.prepare(.update, ScheduledPart(looks: bits, adds: counts), seeing: bits)
        #endif
        let old = word.wrappingAdd(one, ordering: .acquiringAndReleasing).oldValue
        assert(old & counts != counts, "a count overflows")
        return old & bits
    }

    /// Counts out; true if somebody sleeps whose count is zero now. Acquires and releases.
    @inline(__always)
    func countOut(_ one: UInt64, counts: UInt64, waking sleep: Sleep) -> Bool {
        #if INTERLEAVING
            prepareToCountOut(one, counts, [sleep])
        #endif
        let old = word.wrappingSubtract(one, ordering: .acquiringAndReleasing).oldValue
        assert(old & counts >= one, "a read left that never entered")
        let new = old &- one
        return sleep.isOver(new)
    }

    /// The same where two may sleep.
    @inline(__always)
    func countOut(_ one: UInt64, counts: UInt64, waking sleep: Sleep, _ other: Sleep) -> Bool {
        #if INTERLEAVING
            prepareToCountOut(one, counts, [sleep, other])
        #endif
        let old = word.wrappingSubtract(one, ordering: .acquiringAndReleasing).oldValue
        assert(old & counts >= one, "a read left that never entered")
        let new = old &- one
        return sleep.isOver(new) || other.isOver(new)
    }

    #if INTERLEAVING
        private func prepareToCountOut(_ one: UInt64, _ counts: UInt64, _ sleeps: [Sleep]) {
            word.prepare(.update) { now in
                // The count is looked at only where the flag is up.
                var part = ScheduledPart(looks: 0, adds: counts)
                for sleep in sleeps {
                    part.looks |= sleep.flag
                    if now & sleep.flag != 0 { part.looks |= sleep.count }
                }
                return part
            } view: { now in
                sleeps.contains { $0.isOver(now &- one) } ? 1 : 0
            }
        }
    #endif

    /// The named bits as they were. Acquires and releases.
    @inline(__always)
    @discardableResult
    func set(_ bits: UInt64, seeing seen: UInt64 = 0) -> UInt64 {
        #if INTERLEAVING
            word.prepare(.update, ScheduledPart(looks: seen, changes: bits), seeing: seen)
        #endif
        return word.bitwiseOr(bits, ordering: .acquiringAndReleasing).oldValue & seen
    }

    /// The other named bits as they stand then. Acquires and releases.
    @inline(__always)
    @discardableResult
    func clear(_ bits: UInt64, seeing others: UInt64 = 0) -> UInt64 {
        #if INTERLEAVING
            word.prepare(.update, ScheduledPart(looks: others, changes: bits), seeing: others)
        #endif
        return word.bitwiseAnd(~bits, ordering: .acquiringAndReleasing).newValue & others
    }
}
