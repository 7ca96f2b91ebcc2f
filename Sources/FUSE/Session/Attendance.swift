internal import Locks
internal import Synchronization

/// Which threads wait for the kernel's next request.
///
/// A thread of a session waits in read(2), is at work on a request, is a carrier (it carries reads
/// and takes requests that come meanwhile), or sleeps until it is called. This type keeps three
/// rules, as `Models/Attendance.pml` shows for every order of its steps:
///
/// - A request that the kernel has for us is taken, if only the threads at work come back. A thread
///   that takes a request which may be long first sees to it that another thread waits for the
///   next, or that a carrier looks for it. In a burst a thread does not, because it is back in a
///   moment; the warden looks after the others.
/// - No thread sleeps on a call: a thread that goes to sleep looks again under the lock under which
///   it is called.
/// - Of two threads that find no thread waiting, a single thread starts another.
///
/// Any thread. Lock order: the reserve's lock is a leaf; under it only the two counts are read.
final class Attendance: Sendable {
    /// Threads that wait for a request, and those that were started or called and are about to.
    ///
    /// Every change is one atomic step, so it is exact when nothing moves. Relaxed: nothing is
    /// handed over with it, and an old number leads to a thread too many or too late, which the
    /// next request puts right. Sequentially consistent where a thread counts itself out and where
    /// the warden looks, see ``BurstWarden``.
    private let waiting = Atomic<Int>(0)
    /// Threads that carry reads and take requests that come meanwhile.
    ///
    /// Sequentially consistent: a carrier lowers it first and calls a thread out of the reserve
    /// afterwards, and a thread goes to sleep only if it sees a carrier. See
    /// ``ensure(byCarrier:orStart:)``.
    private let carriers = Atomic<Int>(0)
    private let sleepers = Reserve()

    // MARK: Looks

    /// Some thread waits for the next request, or is about to.
    var isAttended: Bool { waiting.load(ordering: .relaxed) > 0 }

    /// The same, in one order with ``take()`` and the warden's word.
    var isSurelyAttended: Bool { waiting.load(ordering: .sequentiallyConsistent) > 0 }

    var hasCarrier: Bool { carriers.load(ordering: .sequentiallyConsistent) > 0 }

    /// There may be a further carrier. Two threads that ask at once may both be told so, which does
    /// no harm.
    func hasFewerCarriers(than limit: Int) -> Bool { carriers.load(ordering: .relaxed) < limit }

    /// Threads that sleep until they are called.
    var sleepingThreads: Int { sleepers.sleeping }

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

    /// Of a thread that is done with its request: sleeps till it is called, if others do. It is
    /// counted as waiting afterwards.
    ///
    /// Others do where there is a carrier, and in a burst of names and attributes where another
    /// thread waits. A single thread then takes turns with the program that asks; of two threads,
    /// the kernel would wake up each for requests that the other could have taken. Where data is
    /// moved, threads wait for the disk, so it takes many.
    func rest(inBurstOfNames: () -> Bool) {
        // The caller of a sleeping thread has counted it.
        let isCalled = sleepers.wait { hasCarrier || inBurstOfNames() && isAttended }
        if !isCalled { expect() }
    }

    /// Counts a carrier in.
    func appointCarrier() { carriers.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// Counts a carrier out, which then waits for requests, or ensures that another thread does.
    func dismissCarrier() { carriers.wrappingSubtract(1, ordering: .sequentiallyConsistent) }

    // MARK: Calls

    /// Has a thread wait for the next request, where none does. A sleeping thread is called;
    /// without any, `start` starts a thread, which is counted already.
    ///
    /// - Parameter byCarrier: a carrier, which looks at the disk first, will do.
    func ensure(byCarrier: Bool, orStart start: () -> Void) {
        guard !isAttended else { return }
        if byCarrier, hasCarrier { return }
        // Counted before it exists, so that two requests do not start three.
        guard waiting.compareExchange(expected: 0, desired: 1, ordering: .relaxed).exchanged else {
            return
        }
        if !sleepers.call() { start() }
    }

    /// Has a thread look among the requests that were put aside, even if another waits for the next
    /// request.
    func call(orStart start: () -> Void) {
        expect()
        if !sleepers.call() { start() }
    }

    /// The thread that was counted cannot be started. Another may have gone to sleep since, because
    /// it saw this thread counted: it comes instead. The thread is counted out under the reserve's
    /// lock, so that no thread goes to sleep between that and the look.
    func callInstead() { sleepers.call(orElse: giveUp) }

    /// No thread sleeps any more.
    func end() { sleepers.end() }
}
