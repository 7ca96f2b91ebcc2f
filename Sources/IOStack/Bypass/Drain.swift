import BypassIOProtocol
import Dispatch
import Synchronization
import SystemPackage

/// How a drain ended.
enum DrainEnd: Sendable {
    case drained
    /// The time was up, and reads are still inside.
    case timedOut
    /// The requester of the drain does not wait any more.
    case cancelled

    /// The failure that answers the drain's request; nil if it drained.
    var failure: IOFailure? {
        switch self {
        case .drained: nil
        case .timedOut: IOFailure(.ioTimeout)
        case .cancelled: IOFailure(.cancelled, hostErrno: Errno.interrupted.rawValue)
        }
    }
}

/// Gives a drain that has to wait its bound; most drains never ask. nil: the drain waits without a
/// limit.
typealias DrainLimit = () -> DrainBound?

/// How long the drains of one request may take together, and whether the request was cancelled.
/// Belongs to the thread that waits; any thread may call ``cancel()``.
final class DrainBound: Sendable {
    /// How often a sleeping drain checks whether it is over.
    static let slice = DispatchTimeInterval.milliseconds(20)

    private let deadline: DispatchTime
    /// Relaxed: no other data is handed over with it.
    private let isCancelled = Atomic<Bool>(false)
    private let isTold = Atomic<Bool>(false)

    /// For callers that rely on no read's end: they close the gate and go on.
    static let withoutWaiting: @Sendable () -> DrainBound? = { DrainBound(.zero) }

    init(_ limit: Duration) {
        let (seconds, attoseconds) = limit.components
        deadline =
            .drainClock + .seconds(Int(seconds)) + .nanoseconds(Int(attoseconds / 1_000_000_000))
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Why the drain must end now; nil: it goes on.
    var end: DrainEnd? {
        if isCancelled.load(ordering: .relaxed) { return .cancelled }
        return DispatchTime.drainClock >= deadline ? .timedOut : nil
    }

    /// Called before the first sleep, so that an interrupt of the request ends it.
    func willSleep() {
        guard !isTold.load(ordering: .relaxed) else { return }
        isTold.store(true, ordering: .relaxed)
        RequestWait.observer?.begins { [self] in
            cancel()
            return false
        }
    }

    /// Called after the last drain.
    func finish() {
        if isTold.load(ordering: .relaxed) { RequestWait.observer?.ends() }
    }

    /// Waits until `group` is empty or the bound is over.
    func wait(for group: DispatchGroup) -> DrainEnd {
        while group.wait(timeout: .now()) == .timedOut {
            if let end { return end }
            willSleep()
            _ = group.wait(timeout: .now() + Self.slice)
        }
        return .drained
    }
}

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
            _ = sleeper.wait(timeout: .drainClock + Self.pollInterval)
        } else if let bound = bound() {
            bound.willSleep()
            _ = sleeper.wait(timeout: .drainClock + DrainBound.slice)
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
