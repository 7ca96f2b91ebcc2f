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
