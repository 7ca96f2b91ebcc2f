internal import FUSE
internal import Glibc
internal import LinuxKit
internal import SystemPackage

/// The thread of a queue that waits for nothing but its ring.
///
/// Reads of files of the host it has the kernel fetch into the very memory that the reply is taken
/// from, many at a time; everything else it hands to a worker. Nothing of the service that may wait
/// ever runs on it, so a pause that waits for reads waits for the disk alone.
final class QueueCarrier {
    /// Entries to begin with.
    static let depth = 128
    /// If the kernel has fewer entries than these left, because requests wait for something and
    /// keep their entries, the carrier adds as many. It does so ahead: a request that finds no
    /// entry waits in the kernel for the next reply on this queue.
    private static let reserve = 64
    /// With so many requests waiting, further requests wait in the kernel.
    private static let mostEntries = 4096

    private let queues: RequestQueues
    private let queue: RequestQueue
    private var ring: Ring
    private var slots: [Slot]
    private var free: [Int]
    private var readsInFlight = 0
    /// Entries in the kernel's hands, and made so far.
    private var waiting = 0
    private var made = QueueCarrier.depth
    private var isBroken = false

    /// Of an entry that the carrier holds, or the kernel on its behalf.
    private struct Slot {
        var entry: QueueEntry?
        var read: BackingRead?
        var attempts = ReadAttempts()
    }

    /// A completion's token: its kind in the high half, a slot in the low half.
    private enum Token {
        static let request: UInt64 = 0
        static let registration: UInt64 = 1 << 32
        static let read: UInt64 = 2 << 32
        static let call: UInt64 = 3 << 32
        static let slot: UInt64 = 1 << 32 - 1
    }

    /// On the carrier's thread, with its entries. Throws where the kernel gives no ring or no
    /// memory.
    init(_ queues: RequestQueues, _ queue: RequestQueue) throws {
        self.queues = queues
        self.queue = queue
        ring = try Ring.forQueues(entries: Self.depth)
        slots = try (0..<Self.depth).map { _ in
            Slot(entry: try QueueEntry(queue, capacity: queues.capacity))
        }
        free = []
    }

    // MARK: The loop

    func serve() {
        for index in slots.indices { submit { $0.register(index) } }
        submit { $0.listen() }
        note(ring.enter(waitingFor: 0))
        queues.noteRegistration()
        while !isBroken, !queues.isOver {
            enter(waitingFor: 1)
            handleCompletions()
        }
        // The kernel still writes to the memory of these reads, so it stays until they are done;
        // answers go nowhere.
        while readsInFlight > 0, !isBroken {
            note(ring.enter(waitingFor: 1))
            handleCompletions()
        }
        if isBroken { abandonReads() }
        queues.end()
    }

    private func enter(waitingFor minimum: UInt32) {
        note(queues.whileInKernel { ring.enter(waitingFor: minimum) })
    }

    private func note(_ outcome: Int32) {
        if outcome != -ECANCELED, Ring.refusal(outcome) != nil { isBroken = true }
    }

    private func handleCompletions() {
        while let done = ring.nextCompletion() {
            let index = Int(truncatingIfNeeded: done.token & Token.slot)
            switch done.token & ~Token.slot {
            case Token.request: receive(index, done.result)
            case Token.registration: receive(index, done.result, isNew: true)
            case Token.read: finishRead(index, done.result)
            default: takeReturned()
            }
        }
    }

    /// Queues something, for which it makes room if need be.
    private func submit(_ queueing: (QueueCarrier) -> Bool) {
        while !queueing(self), !isBroken { note(ring.enter(waitingFor: 0)) }
    }

    private func register(_ index: Int) -> Bool {
        guard let entry = slots[index].entry else { return true }
        guard ring.queueRegistration(of: entry, token: Token.registration | UInt64(index)) else {
            return false
        }
        waiting += 1
        return true
    }

    private func addEntries() {
        for _ in 0..<Self.reserve where made < Self.mostEntries {
            // Without memory there are fewer, until the service answers.
            guard let entry = try? QueueEntry(queue, capacity: queues.capacity) else { return }
            made += 1
            let index = hold(entry)
            submit { $0.register(index) }
        }
    }

    private func listen() -> Bool {
        ring.queuePoll(
            descriptor: queue.call.descriptor.rawValue, events: UInt32(POLLIN), token: Token.call)
    }

    private func commit(_ index: Int) {
        submit { carrier in
            guard let entry = carrier.slots[index].entry else { return true }
            return carrier.ring.queueCommit(of: entry, token: Token.request | UInt64(index))
        }
        waiting += 1
    }

    // MARK: Requests

    private func receive(_ index: Int, _ result: Int32, isNew: Bool = false) {
        guard let entry = slots[index].entry else { return }
        waiting -= 1
        guard result >= 0 else {
            if isNew, result == -EAGAIN, !queues.isOver {
                // The kernel is not yet done with the answer to INIT.
                usleep(100)
                submit { $0.register(index) }
            } else {
                // The kernel takes no entry back while the connection lives.
                release(index)
                queues.note(failure: result)
            }
            return
        }
        carry(index, entry)
    }

    private func carry(_ index: Int, _ entry: QueueEntry) {
        guard let (room, length) = entry.open() else { return commit(index) }
        if let read = queues.connection.beginRead(
            length, in: entry.buffer, room: room, atMost: BackingRead.largestShared)
        {
            slots[index].read = read
            slots[index].attempts = ReadAttempts()
            startRead(index)
            readsInFlight += 1
        } else {
            release(index)
            queues.handOver(entry)
            if waiting < Self.reserve { addEntries() }
        }
    }

    private func release(_ index: Int) {
        slots[index] = Slot()
        free.append(index)
    }

    private func hold(_ entry: QueueEntry) -> Int {
        if let index = free.popLast() {
            slots[index].entry = entry
            return index
        }
        slots.append(Slot(entry: entry))
        return slots.count - 1
    }

    private func takeReturned() {
        for entry in queue.takeReturned() {
            let index = hold(entry)
            if entry.isAnswered { commit(index) } else { carry(index, entry) }
        }
        submit { $0.listen() }
    }

    // MARK: Reads

    private func startRead(_ index: Int) {
        submit { carrier in
            guard let read = carrier.slots[index].read, let entry = carrier.slots[index].entry
            else { return true }
            return carrier.ring.queueRead(
                read, into: entry, token: Token.read | UInt64(index))
        }
    }

    private func finishRead(_ index: Int, _ result: Int32) {
        guard let read = slots[index].read, let entry = slots[index].entry else { return }
        if slots[index].attempts.takesAnother(after: Int(result)) { return startRead(index) }
        slots[index].read = nil
        readsInFlight -= 1
        read.owner.endRead(max(0, Int(result)), began: read.began)
        entry.answer(read: Int(result))
        commit(index)
    }

    /// The kernel takes nothing more.
    private func abandonReads() {
        for slot in slots {
            guard let read = slot.read, let entry = slot.entry else { continue }
            Ring.leaveToKernel(entry)
            read.owner.endRead(0, began: read.began)
        }
    }
}
