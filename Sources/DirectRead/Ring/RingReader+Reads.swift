import Glibc
import LinuxKit
import SystemPackage

extension RingReader {
    /// The meaning of a completion's token: a slot below this, or one of the engine's own
    /// operations.
    private enum Token {
        static let firstControl: UInt64 = 1 << 32
        static let wake = firstControl
        static let cancel = firstControl + 1
    }

    mutating func start(slot: Int, file: FileIndex, offset: UInt64, length: Int) {
        assert(!isClosed, "engine is closed")
        slots.begin(slot: slot, file: file, offset: offset, length: length)
        guard offset <= UInt64(Int64.max) else {
            // The kernel would take all ones for the descriptor's own position.
            ready.append(ReadCompletion(slot: Int32(slot), result: -EINVAL))
            return
        }
        outstanding &+= 1
        queueRead(slot)
    }

    @inline(__always)
    private mutating func queueRead(_ slot: Int) {
        let request = slots[slot]
        let start = unsafe slabBase + slot &* slabStride
        let token = UInt64(truncatingIfNeeded: slot)
        let isQueued =
            if usesRegisteredBuffers {
                unsafe ring.queueFixedRead(
                    file: request.file, offset: request.offset, into: start,
                    length: request.length, token: token)
            } else {
                unsafe ring.queueRead(
                    file: request.file, offset: request.offset, into: start,
                    length: request.length, token: token)
            }
        precondition(isQueued, "the submission queue holds an entry for each slot")
    }

    mutating func submit(
        waitingFor minimum: Int, timeout: Duration?, wakeable: Bool
    ) throws(Errno) -> Int {
        assert(!isClosed, "engine is closed")
        harvest()
        let wakeable = wakeable && minimum > 0
        if wakeable && !isWakePolled && !isWakePending {
            pollForWake()
        }
        let deadline = Deadline(timeout)
        let goal = min(minimum, ready.count + outstanding)
        var patience = Self.memoryPatience
        while true {
            let wait = completionsToWaitFor(goal: goal, wakeable: wakeable)
            let remaining = wait > 0 ? deadline.remaining : nil
            let mayWait = wait > 0 && remaining != 0
            if ring.unsubmitted == 0 && !mayWait { break }
            let outcome = ring.enter(waitingFor: mayWait ? wait : 0, nanoseconds: remaining)
            harvest()
            if outcome < 0 { try mend(outcome, &patience, remaining) }
        }
        if wakeable { isWakePending = false }
        return ready.count
    }

    /// Completions that the next enter waits for; 0 if the caller's demand is met.
    @inline(__always)
    private func completionsToWaitFor(goal: Int, wakeable: Bool) -> UInt32 {
        guard wakeable else { return UInt32(max(0, goal - ready.count)) }
        if isWakePending { return 0 }
        // One by one: the wake's own completion must end the wait, whatever is still missing.
        return goal > ready.count || goal == 0 ? 1 : 0
    }

    /// Tries against a kernel short of memory before the caller gets the error.
    private static let memoryPatience = 64

    /// Prepares another enter after a failed one, or throws an error that another enter cannot
    /// mend.
    private mutating func mend(
        _ outcome: Int32, _ patience: inout Int, _ remaining: Int64?
    ) throws(Errno) {
        switch -outcome {
        case EINTR, ETIME:
            return
        case EBUSY, EAGAIN:
            // EBUSY asks only that completions be taken, which has just happened. EAGAIN asks for
            // memory, which finished reads give back.
            patience -= 1
            guard patience > 0 else { throw Errno(rawValue: -outcome) }
            if outstanding > Int(ring.unsubmitted) {
                _ = ring.enter(submitting: false, waitingFor: 1, nanoseconds: remaining)
                harvest()
            } else {
                sched_yield()
            }
        default:
            throw Errno(rawValue: -outcome)
        }
    }

    mutating func nextCompletion() -> ReadCompletion? {
        if ready.count == 0 {
            guard !isClosed else { return nil }
            harvest()
            if ready.count == 0 && ring.hasCompletionsInKernel {
                // If this enter fails, the completions stay for the next enter.
                _ = ring.enter(waitingFor: 0)
                harvest()
            }
        }
        guard let completion = ready.popFirst() else { return nil }
        slots.end(slot: Int(completion.slot))
        return completion
    }

    /// Moves the kernel's completions to the ready queue, and queues interrupted reads again.
    @inline(__always)
    private mutating func harvest() {
        while let completion = ring.nextCompletion() {
            guard completion.token < Token.firstControl else {
                harvestControl(completion)
                continue
            }
            let slot = Int(truncatingIfNeeded: completion.token)
            if slots.takesRetry(slot: slot, result: completion.result) {
                queueRead(slot)
                continue
            }
            outstanding &-= 1
            ready.append(
                ReadCompletion(
                    slot: Int32(truncatingIfNeeded: slot), result: completion.result))
        }
    }

    private mutating func harvestControl(_ completion: RingCompletion) {
        guard completion.token == Token.wake else { return }
        isWakePolled = false
        guard completion.result >= 0 else { return }
        wakeCounter.reset()
        isWakePending = true
    }

    /// Lets the wake counter complete an operation of the ring. It stays armed over any number of
    /// submissions, so it costs one queue entry for each wake.
    private mutating func pollForWake() {
        isWakePolled = ring.queuePoll(
            descriptor: wakeCounter.descriptor.rawValue, events: UInt32(POLLIN), token: Token.wake)
        assert(isWakePolled, "the submission queue holds an entry for the wake poll")
    }

    mutating func close() {
        guard !isClosed else { return }
        finishAllReads()
        ready.removeAll()
        ring.unregisterBufferAndFiles()
        slab = nil
    }

    /// Cancels what it can, and waits until the kernel holds no operation of this ring.
    private mutating func finishAllReads() {
        // Entries that the kernel has not taken never start.
        let dropped = Int(ring.unsubmitted)
        ring.discardUnsubmitted()
        var inKernel = outstanding + (isWakePolled ? 1 : 0) - dropped
        guard inKernel > 0 else { return }
        if isWakePolled { queueCancel(of: Token.wake, &inKernel) }
        for slot in 0..<slots.depth where slots[slot].isInFlight {
            queueCancel(of: UInt64(slot), &inKernel)
        }
        while inKernel > 0 {
            let outcome = ring.enter(waitingFor: 1)
            while ring.nextCompletion() != nil { inKernel -= 1 }
            if outcome < 0 && outcome != -EINTR { sched_yield() }
        }
    }

    private mutating func queueCancel(of token: UInt64, _ inKernel: inout Int) {
        if ring.queueCancel(of: token, token: Token.cancel) { inKernel += 1 }
    }
}
