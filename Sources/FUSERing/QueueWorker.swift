internal import FUSE
internal import Glibc
internal import LinuxKit

/// A thread that carries requests of any queue, one at a time, and may wait as they do.
///
/// Between two requests it waits on a ring of its own with the entry that it answered last. A
/// worker without an entry sleeps until a carrier hands it a request.
///
/// It carries a copy of the request: so the entry can be answered and go on when the program is
/// interrupted, while a filter is still at work on the request's memory.
final class QueueWorker: RequestThread {
    let post = WorkerPost()
    private let queues: RequestQueues
    /// nil where the kernel gives no further: then every entry goes to a carrier.
    private var ring: Ring?

    /// For requests and replies; nil until the first, and where there is no memory.
    private var buffers: (input: TransferBuffer, output: TransferBuffer)?
    /// Whose copy is carried.
    private var carried: (entry: QueueEntry, unique: RequestID)?

    init(_ queues: RequestQueues) {
        self.queues = queues
    }

    var interruptedAnswer: @Sendable () -> Void {
        guard let (entry, unique) = carried else { return {} }
        return { entry.interrupt(unique) }
    }

    func willWait() { queues.wakeWatch() }

    /// Makes the ring, on the worker's thread. False where there is none.
    func prepare() -> Bool {
        ring = try? Ring.forQueues(entries: 1)
        return ring != nil
    }

    /// Serves until the connection ends, beginning with a request at hand, if there is one.
    func serve(_ first: QueueEntry? = nil) {
        queues.enroll(post)
        defer { queues.dismiss(post) }
        WorkerThread.serve(self) {
            var next = first
            while let entry = next ?? queues.waitForBacklog() {
                next = carry(entry) ? follow(entry) : nil
                if queues.isOver { return }
            }
        }
    }

    /// Has the service carry a request. Returns whether it is answered; otherwise the thread that
    /// answers it gives the entry to the carrier.
    private func carry(_ entry: QueueEntry) -> Bool {
        guard let (room, length) = entry.open() else { return true }
        if ring != nil,
            let read = queues.connection.beginRead(
                length, in: entry.buffer, room: room, atMost: BackingRead.largestShared)
        {
            if entry.queue.hasSpareWorkers {
                // Many come at once: the carrier does it with all the others.
                read.owner.endRead(0, began: read.began)
                entry.queue.takeBack(entry)
                return false
            }
            fetch(read, for: entry)
            return true
        }
        return carryCopy(of: entry, room: room, length: length)
    }

    private func carryCopy(of entry: QueueEntry, room: Int, length: Int) -> Bool {
        let unique = entry.unique
        // Without memory of its own it is carried where it lies, and cannot be answered early.
        let buffers = preparedBuffers()
        if let buffers {
            entry.copy(to: buffers.input, room: room, length: length)
            carried = (entry, unique)
        }
        post.note(.none, unique, sender: entry.sender)
        post.turn()
        queues.connection.ledger?.carries(unique)
        queues.connection.process(
            length, in: buffers?.input ?? entry.buffer, room: room,
            output: buffers?.output ?? entry.buffer, from: entry)
        post.turn()
        carried = nil
        return entry.settle(unique)
    }

    private func preparedBuffers() -> (input: TransferBuffer, output: TransferBuffer)? {
        if let buffers { return buffers }
        guard let input = try? TransferBuffer(capacity: queues.capacity),
            let output = try? TransferBuffer(capacity: queues.capacity)
        else { return nil }
        buffers = (input, output)
        return buffers
    }

    private func fetch(_ read: BackingRead, for entry: QueueEntry) {
        var attempts = ReadAttempts()
        var result = ring?.read(read, into: entry) ?? -Int(EBADF)
        while attempts.takesAnother(after: result) {
            result = ring?.read(read, into: entry) ?? -Int(EBADF)
        }
        read.owner.endRead(max(0, result), began: read.began)
        entry.answer(read: result)
    }

    /// Registers an entry with its queue, where this worker is counted in already, and serves.
    func serve(registering entry: QueueEntry) {
        var result: Int32 = -EAGAIN
        var isNoted = false
        // EAGAIN: the kernel is not yet done with the answer to INIT.
        while result == -EAGAIN, !queues.isOver {
            guard ring?.queueRegistration(of: entry, token: 0) == true else { break }
            _ = ring?.enter(waitingFor: 0)
            if !isNoted { queues.noteRegistration() }
            isNoted = true
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
        queue.enterIdle()
        guard !queues.hasBacklog, ring?.queueCommit(of: entry, token: 0) == true else {
            queue.leaveIdle()
            queue.takeBack(entry)
            return nil
        }
        let result = waitForRequest()
        queue.leaveIdle()
        guard result >= 0 else {
            queues.note(failure: result)
            return nil
        }
        return entry
    }

    /// The command's result; `-ECANCELED` when the session is over.
    private func waitForRequest() -> Int32 {
        while !queues.isOver {
            if let done = ring?.nextCompletion() { return done.result }
            let outcome = queues.whileInKernel { ring?.enter(waitingFor: 1) ?? -EBADF }
            if let done = ring?.nextCompletion() { return done.result }
            if Ring.refusal(outcome) != nil { return outcome }
        }
        return -ECANCELED
    }
}
