internal import Locks
internal import Synchronization

/// Who waits for the kernel's next request.
///
/// A thread of a session waits in read(2), is at work on a request, carries reads and takes what comes
/// meanwhile (a carrier), or sleeps until it is called. What this type sees to, as
/// `Models/Attendance.pml` shows for every order of its steps:
///
/// - A request that the kernel has for us is taken, if only those at work come back. Whoever takes a
///   request and may be long sees first that another thread waits, or a carrier looks, for the next.
///   Whoever does not, since a burst is on, is back in a moment, and the warden looks after it.
/// - Nobody sleeps on a call: a thread that goes to sleep looks again under the lock under which it is
///   called.
/// - Of two that miss somebody at once, one starts a thread.
///
/// Any thread. Lock order: the reserve's lock is a leaf; under it only the two counts are read.
final class Attendance: Sendable {
    /// Threads that wait for a request, and those that were started or called and are about to.
    ///
    /// Every change is one atomic step, so it is exact when nothing moves. Relaxed: nothing is
    /// handed over with it, and whoever acts on a number that is old starts a thread too many or too
    /// late, which the next request puts right. Sequentially consistent where a thread counts itself
    /// out and where the warden looks, see ``BurstWarden``.
    private let waiting = Atomic<Int>(0)
    /// Threads that carry reads and take what comes meanwhile.
    ///
    /// Sequentially consistent: a thread that sees it at zero after it left the reserve's lock may leave
    /// the kernel's queue to nobody, so see ``ensure(byCarrier:orStart:)``.
    private let carriers = Atomic<Int>(0)
    private let sleepers = Reserve()

    // MARK: Looks

    /// Some thread waits for the next request, or is about to.
    var isAttended: Bool { waiting.load(ordering: .relaxed) > 0 }

    /// The same, in one order with ``take()`` and the warden's word.
    var isSurelyAttended: Bool { waiting.load(ordering: .sequentiallyConsistent) > 0 }

    var hasCarrier: Bool { carriers.load(ordering: .sequentiallyConsistent) > 0 }

    /// Carriers there may be further ones beside. Two threads that ask at once may both be told so, which
    /// does no harm.
    func hasFewerCarriers(than limit: Int) -> Bool { carriers.load(ordering: .relaxed) < limit }

    // MARK: A thread's way

    /// Counts a thread as waiting: before it waits, or before it exists.
    func expect() { waiting.wrappingAdd(1, ordering: .relaxed) }

    /// A thread that was counted has a request now.
    func take() { waiting.wrappingSubtract(1, ordering: .sequentiallyConsistent) }

    /// A thread that was counted does not come, or leaves.
    func giveUp() { waiting.wrappingSubtract(1, ordering: .relaxed) }

    /// Waits for a request otherwise than in read(2).
    func whileWaiting(_ body: () -> Void) {
        expect()
        body()
        giveUp()
    }

    /// Of a thread that is done with its request: sleeps till it is called, if others do. It is counted as
    /// waiting afterwards.
    ///
    /// Others do where there is a carrier, or in a burst of names and attributes another that waits. One
    /// thread takes these in turns with the program that asks; of two, each would be woken up for what the
    /// other could have done. Where data is moved, threads wait for the disk, so it takes many.
    func rest(inBurstOfNames: () -> Bool) {
        // Whoever calls has counted it.
        let isCalled = sleepers.wait { hasCarrier || inBurstOfNames() && isAttended }
        if !isCalled { expect() }
    }

    /// Counts a carrier in.
    func appointCarrier() { carriers.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// Counts one out, which waits for requests from then on, or ensures that somebody does.
    func dismissCarrier() { carriers.wrappingSubtract(1, ordering: .sequentiallyConsistent) }

    // MARK: Calls

    /// Has another thread wait for the next request, where none does: one that sleeps, or `start`, which
    /// gets a thread that is counted already.
    ///
    /// - Parameter byCarrier: one that looks at the disk first will do.
    func ensure(byCarrier: Bool, orStart start: () -> Void) {
        guard !isAttended else { return }
        if byCarrier, hasCarrier { return }
        // Counted before it exists, so that two requests do not start three.
        guard waiting.compareExchange(expected: 0, desired: 1, ordering: .relaxed).exchanged else {
            return
        }
        if !sleepers.call() { start() }
    }

    /// Has a thread look among what was put aside, whoever waits for the next request.
    func call(orStart start: () -> Void) {
        expect()
        if !sleepers.call() { start() }
    }

    /// The thread that was counted cannot be started. One may have gone to sleep since, because it saw
    /// this one counted: it comes instead. Counted out under the reserve's lock, so that nobody goes to
    /// sleep between the look and that.
    func callInstead() { sleepers.call(orElse: giveUp) }

    /// Nobody sleeps any more.
    func end() { sleepers.end() }
}
