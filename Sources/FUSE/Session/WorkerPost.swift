internal import Locks
internal import Synchronization

/// Tells other threads of one thread of a session: whose request it carries, and whether it waits.
///
/// The thread writes, any thread reads. Every member is relaxed: nothing is handed over with them,
/// and an old look starts a thread too many, or a thread one look too late.
package final class WorkerPost: Sendable {
    package init() {}

    /// Odd while a request is carried; moves on with everything the thread gets done.
    private let steps = Atomic<UInt64>(0)
    /// Where the thread was found to wait, or said so; 0 for nowhere.
    private let waitingAt = Atomic<UInt64>(0)
    /// Where it stood at the last look, of which there is one at a time.
    private let seenAt = Atomic<UInt64>(0)
    /// The request's number, as the kernel counts.
    private let number = Atomic<UInt64>(0)
    private let user = Atomic<UInt32>(0)
    private let place = Atomic<UInt64>(0)
    private let isControl = Atomic<Bool>(false)
    private struct Wait {
        /// The request that was interrupted last.
        var interrupted: RequestID?
        /// Nobody waits for any request any more.
        var isOver = false
        var cancel: (@Sendable () -> Void)?
    }
    private let wait = Monitor(Wait())
    /// Of the session's carriers. The thread that changes it back counts the carrier out.
    private let isAppointed = Atomic<Bool>(false)

    // MARK: The thread's side

    /// A request was taken, or the thread is done with it.
    @inline(__always)
    package func turn() {
        steps.store(steps.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    /// Something was done, and the thread goes on with more.
    @inline(__always)
    func advance() {
        steps.store(steps.load(ordering: .relaxed) &+ 2, ordering: .relaxed)
    }

    /// Notes the request that is carried from now on.
    @inline(__always)
    package func note(_ claim: WorkerClaim, _ unique: RequestID) {
        number.store(unique.rawValue, ordering: .relaxed)
        user.store(claim.user, ordering: .relaxed)
        place.store(claim.place, ordering: .relaxed)
        isControl.store(claim.isControl, ordering: .relaxed)
    }

    /// The thread is about to wait for something that may take long.
    func willWait() {
        waitingAt.store(steps.load(ordering: .relaxed), ordering: .relaxed)
    }

    func appoint() { isAppointed.store(true, ordering: .relaxed) }

    /// Whether it was a carrier until now.
    func dismiss() -> Bool { isAppointed.exchange(false, ordering: .relaxed) }

    var isCarrier: Bool { isAppointed.load(ordering: .relaxed) }

    /// The number of the request that is carried, as the kernel counts.
    var request: RequestID { RequestID(number.load(ordering: .relaxed)) }

    // MARK: Interrupts

    /// The thread's side: the request is about to wait for something that `cancel` ends, which any
    /// thread may call and more than once. An interrupt that came before ends it now.
    func beginWait(_ cancel: @escaping @Sendable () -> Void) {
        willWait()
        let unique = request
        let isInterrupted = wait.withLock { wait in
            wait.cancel = cancel
            return wait.isOver || wait.interrupted == unique
        }
        if isInterrupted { cancel() }
    }

    func endWait() {
        wait.withLock { $0.cancel = nil }
        advance()
    }

    /// Ends the wait of the request that is carried, now or when it begins; false if it is another.
    package func interrupt(_ unique: RequestID) -> Bool {
        guard steps.load(ordering: .relaxed) & 1 == 1, request == unique
        else {
            return false
        }
        let cancel = wait.withLock { wait in
            wait.interrupted = unique
            // The thread may have gone on to another request, which waits under this lock.
            return request == unique ? wait.cancel : nil
        }
        cancel?()
        return true
    }

    /// The connection is over: ends every wait, this one and those to come.
    package func endWaits() {
        let cancel = wait.withLock { wait in
            wait.isOver = true
            return wait.cancel
        }
        cancel?()
    }

    // MARK: Any thread's side

    /// A thread that has got nothing done since the last look waits. By one at a time.
    func look() {
        let step = steps.load(ordering: .relaxed)
        if step & 1 == 1, seenAt.load(ordering: .relaxed) == step {
            waitingAt.store(step, ordering: .relaxed)
        }
        seenAt.store(step, ordering: .relaxed)
    }

    /// It carries a request that waits.
    var isWaiting: Bool {
        let step = steps.load(ordering: .relaxed)
        return step & 1 == 1 && waitingAt.load(ordering: .relaxed) == step
    }

    /// Of the request that it carries.
    var claim: WorkerClaim {
        WorkerClaim(
            user: user.load(ordering: .relaxed), place: place.load(ordering: .relaxed),
            isControl: isControl.load(ordering: .relaxed))
    }
}

/// On whose behalf a request takes a thread, and for which file.
package struct WorkerClaim: Sendable, Equatable {
    let user: UInt32
    /// A node; for requests that name something in it, another number than the node's own.
    let place: UInt64
    /// A control, or a report, at which an administrator looks when all else waits.
    let isControl: Bool

    /// Of a carrier's reads, which belong to many users.
    package static let none = WorkerClaim(user: 0, place: 0, isControl: false)

    init(user: UInt32, place: UInt64, isControl: Bool) {
        self.user = user
        self.place = place
        self.isControl = isControl
    }

    @inline(__always)
    init(_ traits: OperationTraits, user: UInt32, node: NodeID) {
        self.init(
            user: user, place: traits.contains(.namesSomething) ? ~node.rawValue : node.rawValue,
            isControl: traits.contains(.isControl))
    }
}
