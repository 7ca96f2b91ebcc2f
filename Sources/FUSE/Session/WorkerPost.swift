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
    /// What is so of the request that was noted last (``WorkerClaim/kind``), and at which step.
    private let noted = Atomic<UInt64>(0)
    private struct Wait {
        /// The request that was interrupted last.
        var interrupted: RequestID?
        /// Of the request whose thread was noted last: 0 where nobody said it.
        var sender = (unique: RequestID(0), thread: Int32(0))
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
        noted.store(
            steps.load(ordering: .relaxed) << 2 | claim.kind, ordering: .relaxed)
    }

    /// Also notes the program's thread, for a transport that loses interrupts.
    package func note(_ claim: WorkerClaim, _ unique: RequestID, sender: Int32) {
        wait.withLock { $0.sender = (unique, sender) }
        note(claim, unique)
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
            kind: noted.load(ordering: .relaxed) & 3)
    }

    /// Where the thread is with its request: the same number for as long as it gets nothing done;
    /// nil without a request.
    var carriedStep: UInt64? {
        let step = steps.load(ordering: .relaxed)
        return step & 1 == 1 ? step : nil
    }

    /// The request that waits, and the program's thread that it comes from; nil where none waits or
    /// nobody noted the thread.
    package var waitingSender: (unique: RequestID, thread: Int32)? {
        guard isWaiting else { return nil }
        let sender = wait.withLock { $0.sender }
        return sender.thread > 0 && sender.unique == request ? sender : nil
    }

    /// It waits for something that can be cancelled: a filter, or a drain.
    var hasCancellableWait: Bool { wait.withLock { $0.cancel != nil } }

    /// It has a request.
    var isCarrying: Bool { steps.load(ordering: .relaxed) & 1 == 1 }

    /// The request that it carries may be carried once more by another process. False where that is
    /// not sure: nothing may be noted of it yet.
    var mayBeRepeated: Bool {
        let step = steps.load(ordering: .relaxed)
        let noted = noted.load(ordering: .relaxed)
        return step & 1 == 1 && noted >> 2 == step & (.max >> 2)
            && noted & WorkerClaim.repeatable != 0
    }
}

/// On whose behalf a request takes a thread, and for which file.
package struct WorkerClaim: Sendable, Equatable {
    let user: UInt32
    /// A node; for requests that name something in it, another number than the node's own.
    let place: UInt64
    /// ``control`` and ``repeatable``.
    let kind: UInt64

    private static let control: UInt64 = 1
    /// May be carried once more by another process: it has no effect.
    static let repeatable: UInt64 = 2

    /// A control, or a report, at which an administrator looks when all else waits.
    var isControl: Bool { kind & Self.control != 0 }

    /// Of a carrier's reads, which belong to many users.
    package static let none = WorkerClaim(user: 0, place: 0, kind: 0)

    init(user: UInt32, place: UInt64, kind: UInt64) {
        self.user = user
        self.place = place
        self.kind = kind
    }

    init(user: UInt32, place: UInt64, isControl: Bool) {
        self.init(user: user, place: place, kind: isControl ? Self.control : 0)
    }

    @inline(__always)
    init(_ traits: OperationTraits, user: UInt32, node: NodeID) {
        self.init(
            user: user, place: traits.contains(.namesSomething) ? ~node.rawValue : node.rawValue,
            kind: (traits.contains(.isControl) ? Self.control : 0)
                | (traits.contains(.mayBeRepeated) ? Self.repeatable : 0))
    }
}
