import Dispatch

/// Where a drain sleeps until the last read in flight left a gate.
///
/// Lock order: this lock is a leaf; nothing is called while it is held but atomics of the gate.
/// The gate's `waiting` flag is set and cleared only under it, so a gate whose flag is clear has
/// no sleeper and a leaving read need not look here; and who saw the flag set finds the lock made.
struct DrainEvent: ~Copyable, Sendable {
    private let sleepers = GuardedOnDemand<[DispatchSemaphore]>()

    /// How long a drain sleeps before it looks for reads that filters gave back: two events
    /// end its sleep, and only one of them wakes it.
    static let pollInterval = DispatchTimeInterval.milliseconds(1)

    /// Returns when `isDrained` is true. `raise` and `lower` set and clear the gate's `waiting`
    /// flag; `advance` drives reads that only the calling thread can finish. Ends earlier if `bound`
    /// says so.
    @discardableResult
    func wait(
        until bound: DrainLimit = { nil }, raise: () -> Void, lower: () -> Void,
        isDrained: () -> Bool, advance: () -> DrainProgress
    ) -> DrainEnd {
        #if INTERLEAVING
            let mark = Interleaving.mark()
            defer { Interleaving.forget(since: mark) }
            // What is kept in the loop is where it stands, which `but` tells apart.
            Interleaving.forget(since: mark, but: 1)
        #endif
        while !isDrained() {
            if let end = bound()?.end { return end }
            let progress = advance()
            if case .advanced = progress { continue }
            let sleeper = DispatchSemaphore(value: 0)
            sleepers.withLock { sleepers in
                sleepers = (sleepers ?? []) + [sleeper]
                raise()
            }
            #if INTERLEAVING
                Interleaving.forget(since: mark, but: 2)
            #endif
            // After the flag is up: a read that left before saw no flag, and is counted out here.
            #if INTERLEAVING
                let sleeps = Interleaving.isMutant("SLEEP_WITHOUT_LOOKING") || !isDrained()
            #else
                let sleeps = !isDrained()
            #endif
            if sleeps {
                if case .toBeAskedAgain = progress {
                    _ = sleeper.wait(timeout: .now() + Self.pollInterval)
                } else if let bound = bound() {
                    bound.willSleep()
                    _ = sleeper.wait(timeout: .now() + DrainBound.slice)
                } else {
                    sleeper.wait()
                }
            }
            #if INTERLEAVING
                Interleaving.forget(since: mark, but: 3)
            #endif
            sleepers.withLock { sleepers in
                sleepers?.removeAll { $0 === sleeper }
                guard sleepers?.isEmpty ?? true else { return }
                sleepers = nil
                lower()
            }
            #if INTERLEAVING
                sleeper.forget()
                Interleaving.forget(since: mark, but: 1)
            #endif
        }
        return .drained
    }

    /// Wakes every sleeper; each looks for itself.
    // Not part of a leaving read, which would save registers for it.
    @inline(never)
    func signal() {
        #if INTERLEAVING
            let mark = Interleaving.mark()
            defer { Interleaving.forget(since: mark) }
        #endif
        sleepers.withLockIfUsed { sleepers in
            for sleeper in sleepers ?? [] { sleeper.signal() }
        }
    }
}
