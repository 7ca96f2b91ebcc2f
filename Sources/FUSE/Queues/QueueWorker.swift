internal import DirectRead
internal import Glibc

/// A thread that carries requests of any queue, one at a time, and may wait for whatever they wait for.
///
/// Between two requests it waits on a ring of its own with the entry that it answered last. Where a queue
/// has a carrier and enough workers, it sleeps instead until it is handed a request.
final class QueueWorker {
    private let queues: RequestQueues
    /// nil where the kernel gives no further: then every entry goes to a carrier.
    private var ring: Ring?

    init(_ queues: RequestQueues) {
        self.queues = queues
    }

    /// Makes the ring, on the worker's thread. False where there is none.
    func prepare() -> Bool {
        ring = try? Ring.forQueues(entries: 1)
        return ring != nil
    }

    /// Serves until the connection ends, beginning with a request at hand, if there is one.
    func serve(_ first: QueueEntry? = nil) {
        var next = first
        while let entry = next ?? queues.waitForBacklog() {
            next = queues.carry(entry) ? follow(entry) : nil
            if queues.isOver { return }
        }
    }

    /// Registers an entry with its queue, where this worker is counted in already, and serves.
    func serve(registering entry: QueueEntry) {
        var result: Int32 = -EAGAIN
        // EAGAIN: the kernel is not yet done with the answer to INIT.
        while result == -EAGAIN, !queues.isOver {
            guard ring?.queueRegistration(of: entry, token: 0) == true else { break }
            result = waitForRequest()
            if result == -EAGAIN { usleep(100) }
        }
        entry.queue.leaveIdle()
        guard result >= 0 else { return queues.note(failure: result) }
        serve(entry)
    }

    /// Answers, and waits for the next request with the same entry. nil where others do that.
    private func follow(_ entry: QueueEntry) -> QueueEntry? {
        let queue = entry.queue
        guard ring != nil, queue.admitIdle() else { return giveBack(entry) }
        guard !queues.hasBacklog, ring?.queueCommit(of: entry, token: 0) == true else {
            queue.leaveIdle()
            return giveBack(entry)
        }
        let result = waitForRequest()
        queue.leaveIdle()
        guard result >= 0 else {
            queues.note(failure: result)
            return nil
        }
        return entry
    }

    private func giveBack(_ entry: QueueEntry) -> QueueEntry? {
        entry.queue.takeBack(entry)
        queues.ensureCarrier(of: entry.queue)
        return nil
    }

    /// The command's result; `-ECANCELED` when the session is over.
    private func waitForRequest() -> Int32 {
        while !queues.isOver {
            let outcome = queues.whileInKernel { ring?.enter(waitingFor: 1) ?? -EBADF }
            if let done = ring?.nextCompletion() { return done.result }
            switch -outcome {
            case EINTR, EAGAIN, EBUSY: continue
            case let error where error > 0: return outcome
            default: continue
            }
        }
        return -ECANCELED
    }
}
