internal import LinuxKit
internal import Locks
internal import Synchronization
internal import SystemPackage

/// Requests that wait: their threads are replaced, and requests that would take too many threads
/// are put aside.
extension Session {
    func wakeWatch() {
        watch.wake { [weak self] in self?.look() ?? false }
    }

    /// The watch's look at all threads; whether there may be more to see soon.
    private func look() -> Bool {
        let (posts, late) = workers.withLock { workers in
            let posts = workers.threads.compactMap(\.post)
            posts.forEach { $0.look() }
            if workers.running - workers.ofSource <= maximumThreads {
                isCrowded.store(false, ordering: .relaxed)
            }
            return (posts, workers.longWaits.look(at: posts))
        }
        for post in late {
            connection.ledger?.waitedLong(post.claim.user, isKept: post.hasCancellableWait)
        }
        let isLeftAlone = !attendance.isSurelyAttended
        if isLeftAlone {
            // A carrier that waits for a disk without an answer looks after no request.
            for post in posts where post.isCarrier && post.isWaiting && post.dismiss() {
                attendance.dismissCarrier()
            }
            ensureAttendance(byCarrier: true)
        }
        if heldCount.load(ordering: .relaxed) > 0, isAnyHeldDue { callForHeld() }
        tellEarlyInterrupts()
        further.load()?.source.look()
        return isLeftAlone || attendance.hasCarrier
            || isCrowded.load(ordering: .relaxed) || heldCount.load(ordering: .relaxed) > 0
            || workers.withLock { !$0.interrupts.isEmpty }
    }

    /// A thread beyond the limit that is done with its request leaves, while another waits for the
    /// next. Then it is in no list any more.
    func mayLeave(_ carrier: ReadCarrier, _ channel: DeviceChannel) -> Bool {
        workers.withLock { workers in
            let count = workers.running - workers.ofSource
            guard count > shares.allowed(waiting: workers.countWaiting),
                attendance.isSurelyAttended,
                let place = workers.threads.firstIndex(where: { $0.post === carrier.post })
            else { return false }
            workers.threads.remove(at: place).thread.detach()
            workers.formerChannels.removeAll { $0.channel == nil }
            if channel !== self.channel {
                workers.channels.removeAll { $0 === channel }
                workers.formerChannels.append(Session.FormerChannel(channel: channel))
            }
            if let available = carrier.available {
                workers.availableChannels.removeAll { $0 === available }
                workers.formerChannels.append(Session.FormerChannel(channel: available))
            }
            return true
        }
    }

    // MARK: Interrupts

    /// The sender of a request was interrupted or killed. If the request waits, its wait is
    /// cancelled; if it was put aside, it is answered; if it is carried without waiting, it is told
    /// when it begins to wait.
    func interrupt(_ unique: RequestID) {
        let isFound = tell(unique) { workers in
            guard workers.interrupts.count < Self.mostEarlyInterrupts else { return }
            workers.interrupts.append(EarlyInterrupt(unique: unique))
        }
        if !isFound { wakeWatch() }
    }

    /// Between read(2) and being noted, a request is in no thread's post for a moment; the watch
    /// looks again.
    private static var mostEarlyInterrupts: Int { 1024 }

    private func tellEarlyInterrupts() {
        let early = workers.withLock { workers in
            let early = workers.interrupts
            workers.interrupts = []
            return early
        }
        for var interrupt in early where interrupt.looksLeft > 0 {
            interrupt.looksLeft -= 1
            _ = tell(interrupt.unique) { $0.interrupts.append(interrupt) }
        }
    }

    private func tell(_ unique: RequestID, orElse: (inout Workers) -> Void) -> Bool {
        let (posts, held) = workers.withLock { workers -> ([WorkerPost], HeldRequest?) in
            let held = workers.held.take(unique)
            if held != nil { heldCount.wrappingSubtract(1, ordering: .relaxed) }
            return (workers.threads.compactMap(\.post), held)
        }
        if let held {
            ReplyTicket(unique: unique, channel: held.channel).fail(.interrupted)
            return true
        }
        // Under no lock: it may run filters.
        if posts.contains(where: { $0.interrupt(unique) }) { return true }
        if further.load()?.source.interrupt(unique) == true { return true }
        workers.withLock { orElse(&$0) }
        return false
    }

    // MARK: The end

    /// Nothing comes from the kernel any more. Programs have their errors already, so requests that
    /// wait for a filter or a drain are given up, as after an interrupt: the session would never
    /// end with them.
    func ended(_ error: Errno) {
        connection.ledger?.ended(error)
        endWaits()
    }

    func endWaits() {
        let posts = workers.withLock { workers in
            workers.hasEnded = true
            return workers.threads.compactMap(\.post)
        }
        // Under no lock: it may run filters.
        for post in posts { post.endWaits() }
    }

    // MARK: Put aside

    /// Whether a request may take the calling thread.
    @inline(__always)
    func admits(_ claim: WorkerClaim) -> Bool {
        isCrowded.load(ordering: .relaxed) ? admitsAmongMany(claim) : true
    }

    private func admitsAmongMany(_ claim: WorkerClaim) -> Bool {
        workers.withLock { shares.admits(claim, beside: $0.claimsWaiting) }
    }

    /// Puts a request aside; false without room for it.
    func hold(_ request: HeldRequest) -> Bool {
        let isTaken = workers.withLock { workers in
            guard workers.held.add(request) else { return false }
            heldCount.wrappingAdd(1, ordering: .relaxed)
            return true
        }
        if isTaken, request.isReady { callForHeld() }
        wakeWatch()
        return isTaken
    }

    /// The first request put aside that may be carried now.
    func takeHeld() -> HeldRequest? {
        workers.withLock { workers in
            let waiting = workers.claimsWaiting
            let held = workers.held.take {
                $0.isReady || shares.admits($0.claim, beside: waiting)
            }
            if held != nil { heldCount.wrappingSubtract(1, ordering: .relaxed) }
            return held
        }
    }

    private var isAnyHeldDue: Bool {
        workers.withLock { workers in
            let waiting = workers.claimsWaiting
            return workers.held.requests.contains {
                $0.isReady || shares.admits($0.claim, beside: waiting)
            }
        }
    }

    /// A thread that looks among them before it waits for the next request.
    private func callForHeld() { attendance.call { startAnother() } }
}

extension Session.Workers {
    /// Threads whose request waits.
    var countWaiting: Int { threads.count { $0.post?.isWaiting ?? false } }

    var claimsWaiting: [WorkerClaim] {
        threads.compactMap { worker in
            worker.post.flatMap { $0.isWaiting ? $0.claim : nil }
        }
    }
}
