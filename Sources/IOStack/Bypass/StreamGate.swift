/// The word that every read of a stream passes if it skips the filters.
///
/// Layout: bits 0–31 count the reads inside; bits 32 and up are the reasons why none may enter
/// (``Closed``); bit 63 says that a drain sleeps.
///
/// Invariant: a read is inside exactly between an ``enter()`` that returned nil and its
/// ``leave()``. A read counts itself in and looks at the reasons in one atomic step. Once a reason
/// is set, no read enters. So after ``close(_:)`` returned and ``drain(_:until:advance:)`` saw the
/// count at zero, no bypassed read is in flight until ``open(_:)``.
///
/// Memory ordering: `enter` acquires what the opener released; `leave` releases the read's effects
/// to the drain's acquiring load.
struct StreamGate: ~Copyable, Sendable {
    /// Reasons to keep reads out.
    struct Closed: OptionSet, Sendable, Hashable {
        let rawValue: UInt64

        static var paused: Closed { Closed(rawValue: 1 << 32) }
        static var settling: Closed { Closed(rawValue: 1 << 33) }
        /// One bit for each ``StreamSuspension``, in the same order.
        static func suspended(_ causes: StreamSuspension) -> Closed {
            Closed(rawValue: UInt64(causes.rawValue) << 40)
        }
        static var anySuspension: Closed { Closed(rawValue: 0xFF << 40) }
        // No array literal: unoptimised code would allocate it on every read.
        static var all: Closed {
            Closed(rawValue: paused.rawValue | settling.rawValue | anySuspension.rawValue)
        }

        /// The cause for a refused read; nil if the gate is open.
        var firstCause: TraditionalCause? { isEmpty ? nil : StreamGate.cause(rawValue) }
    }

    private static var countMask: UInt64 { 0xFFFF_FFFF }
    private static var waiting: UInt64 { 1 << 63 }
    private static var sleep: GateWord.Sleep { GateWord.Sleep(flag: waiting, count: countMask) }

    private let word = GateWord()
    private let event = DrainEvent()

    /// Counts a read in, or returns why it may not enter.
    @inline(__always)
    func enter() -> TraditionalCause? {
        // The look first keeps late reads from raising the count that a drain waits for.
        let seen = word.glance(at: Closed.all.rawValue)
        if seen != 0 { return Self.cause(seen) }
        let closed = word.countIn(1, counts: Self.countMask, seeing: Closed.all.rawValue)
        if closed == 0 { return nil }
        if Mutant.countWithoutLooking.isPlanted { return nil }
        leave()
        return Self.cause(closed)
    }

    @inline(__always)
    func leave() {
        let memory = StepMemory()
        defer { memory.forget() }
        if word.countOut(1, counts: Self.countMask, waking: Self.sleep) { event.signal() }
    }

    /// After it returns, no read enters.
    func close(_ reason: Closed) {
        word.set(reason.rawValue)
    }

    /// Takes the reason away and ends the drains for it. Reads enter again if no other reason
    /// stands.
    func open(_ reason: Closed) {
        if word.clear(reason.rawValue, seeing: Self.waiting) != 0 { event.signal() }
    }

    /// Waits until every read inside has left, or until `reason` is gone. In the second case reads
    /// come and go again, and no caller relies on their absence.
    @discardableResult
    func drain(
        _ reason: Closed, until bound: DrainLimit = { nil }, advance: () -> DrainProgress
    ) -> DrainEnd {
        if Mutant.noDrain.isPlanted { return .drained }
        return event.wait(
            until: bound, raise: { word.set(Self.waiting) }, lower: { word.clear(Self.waiting) },
            isDrained: { word.isZero(Self.countMask, orGone: reason.rawValue) },
            advance: advance)
    }

    var readsInside: Int { Int(word.look(at: Self.countMask)) }

    var closed: Closed { Closed(rawValue: word.look(at: Closed.all.rawValue)) }

    /// Why a read would not enter now.
    var cause: TraditionalCause? { closed.firstCause }

    fileprivate static func cause(_ word: UInt64) -> TraditionalCause {
        if word & Closed.paused.rawValue != 0 { return .streamPaused }
        let suspension = StreamSuspension(rawValue: UInt8(truncatingIfNeeded: word >> 40))
        return TraditionalCause(suspension) ?? .settling
    }
}

/// Counts the users of an object that may go away (`EX_RUNDOWN_REF`).
///
/// Layout: bit 63 says that the object is going away, bit 62 that a drain sleeps; the rest counts.
/// Invariant: after ``close()`` and a ``drain(advance:)`` that returned, no user is inside and none
/// enters.
struct RundownGate: ~Copyable, Sendable {
    private static var closed: UInt64 { 1 << 63 }
    private static var waiting: UInt64 { 1 << 62 }
    private static var countMask: UInt64 { (1 << 62) - 1 }
    private static var sleep: GateWord.Sleep { GateWord.Sleep(flag: waiting, count: countMask) }

    private let word = GateWord()
    private let event = DrainEvent()

    /// False once the object is going away.
    func enter() -> Bool {
        let closed = word.countIn(1, counts: Self.countMask, seeing: Self.closed)
        if closed == 0 { return true }
        leave()
        return false
    }

    func leave() {
        if word.countOut(1, counts: Self.countMask, waking: Self.sleep) { event.signal() }
    }

    /// After it returns, no user enters.
    func close() {
        word.set(Self.closed)
    }

    /// Waits until no user is inside.
    func drain(advance: () -> DrainProgress) {
        event.wait(
            raise: { word.set(Self.waiting) }, lower: { word.clear(Self.waiting) },
            isDrained: { word.isZero(Self.countMask) },
            advance: advance)
    }

    var isClosed: Bool { word.look(at: Self.closed) != 0 }
    var count: Int { Int(word.look(at: Self.countMask)) }
}
