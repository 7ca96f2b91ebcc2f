import Dispatch

/// A drain sleeps here until the last read in flight has left a gate.
///
/// Lock order: this lock is a leaf; its holder calls nothing but atomics of the gate. The gate's
/// `waiting` flag is set and cleared only under it. So a gate whose flag is clear has no sleeper,
/// and a leaving read need not look here; a read that sees the flag set finds the lock made.
struct DrainEvent: ~Copyable, Sendable {
    private let sleepers = GuardedOnDemand<[DispatchSemaphore]>()

    /// How long a drain sleeps before it looks for reads that filters gave back. Two events end its
    /// sleep, and only the gate's wakes it.
    static let pollInterval = DispatchTimeInterval.milliseconds(1)

    /// Returns when `isDrained` is true, or earlier if `bound` says so. `raise` and `lower` set and
    /// clear the gate's `waiting` flag. `advance` moves on reads that only the calling thread can
    /// finish.
    @discardableResult
    func wait(
        until bound: DrainLimit = { nil }, raise: () -> Void, lower: () -> Void,
        isDrained: () -> Bool, advance: () -> DrainProgress
    ) -> DrainEnd {
        // The loop keeps only its position, which the numbers tell apart.
        let memory = StepMemory()
        defer { memory.forget() }
        memory.forget(but: 1)
        while !isDrained() {
            if let end = bound()?.end { return end }
            let progress = advance()
            if case .advanced = progress { continue }
            let sleeper = DispatchSemaphore(value: 0)
            sleepers.withLock { sleepers in
                sleepers = (sleepers ?? []) + [sleeper]
                raise()
            }
            memory.forget(but: 2)
            // Checked after the flag is up: a read that left earlier saw no flag, but this check
            // sees its count.
            if Mutant.sleepWithoutLooking.isPlanted || !isDrained() {
                sleep(on: sleeper, progress, bound)
            }
            memory.forget(but: 3)
            sleepers.withLock { sleepers in
                sleepers?.removeAll { $0 === sleeper }
                guard sleepers?.isEmpty ?? true else { return }
                sleepers = nil
                lower()
            }
            sleeper.isLeft()
            memory.forget(but: 1)
        }
        return .drained
    }

    private func sleep(
        on sleeper: DispatchSemaphore, _ progress: DrainProgress, _ bound: DrainLimit
    ) {
        if case .toBeAskedAgain = progress {
            _ = sleeper.wait(timeout: .now() + Self.pollInterval)
        } else if let bound = bound() {
            bound.willSleep()
            _ = sleeper.wait(timeout: .now() + DrainBound.slice)
        } else {
            sleeper.wait()
        }
    }

    /// Wakes every sleeper. Each checks its gate itself.
    // Not inlined: a leaving read would save registers for it.
    @inline(never)
    func signal() {
        let memory = StepMemory()
        defer { memory.forget() }
        sleepers.withLockIfUsed { sleepers in
            for sleeper in sleepers ?? [] { sleeper.signal() }
        }
    }
}

/// What a draining thread can do itself about the reads it waits for.
enum DrainProgress {
    /// It moved some on.
    case advanced
    /// It has reads that it cannot move on now but may later: filters keep them, or the storage did
    /// not take the question.
    case toBeAskedAgain
    case nothing
}
