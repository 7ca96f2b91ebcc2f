internal import CKernelABI
internal import Glibc
internal import LinuxKit
internal import SystemPackage

/// Reads of files of the host that one thread has under way on an io_uring, each with the request
/// that it answers. Belongs to the thread that made it; nothing is allocated once a slot was used.
final class ReadRing {
    /// Beyond these, threads wait for a read each.
    static let depth = 64
    /// So many completed reads are answered before newly arrived reads are submitted. A disk that
    /// gets its next reads by the dozen idles while the dozen before is answered.
    private static let answersAtOnce = 4

    /// Of one read under way.
    private struct Slot {
        var unique = RequestID(0)
        var read: BackingRead?
        var channel: (any ReplyChannel)?
        var buffer: TransferBuffer?
        var attempts = ReadAttempts()
    }

    private var ring: Ring
    private var slots = [Slot](repeating: Slot(), count: ReadRing.depth)
    /// Made when there are more reads than ever before, so that memory follows use. The buffer used
    /// last comes first, because its memory is in the processor's cache.
    private var spareBuffers: [TransferBuffer] = []
    private var free = [Int32]((0..<Int32(ReadRing.depth)).reversed())
    private let capacity: Int
    private(set) var inFlight = 0
    private var isBroken = false
    private var isAttending = false
    /// The descriptor that is attended to can be read.
    private(set) var isCalled = false

    private static let pollToken = UInt64.max
    private static let cancelToken = UInt64.max - 1

    /// - Parameter capacity: bytes of one read at most.
    /// - Throws: `ENOSYS` and the like where the kernel gives no io_uring.
    init(capacity: Int) throws(RingUnavailable) {
        // One entry more for the poll, one for its end.
        ring = try Ring(RingConfiguration(submissionEntries: UInt32(Self.depth) * 2))
        self.capacity = capacity
    }

    var hasRoom: Bool { !isBroken && !free.isEmpty }

    /// Queues a read; false, and nothing begun, without memory.
    func begin(_ read: BackingRead, unique: RequestID, _ channel: any ReplyChannel) -> Bool {
        guard read.length <= capacity, let buffer = buffer() else { return false }
        guard let index = free.popLast() else {
            spareBuffers.append(buffer)
            return false
        }
        let slot = Int(index)
        slots[slot] = Slot(
            unique: unique, read: read, channel: channel, buffer: buffer)
        guard queue(slot) else {
            slots[slot] = Slot()
            spareBuffers.append(buffer)
            free.append(index)
            return false
        }
        inFlight += 1
        return true
    }

    private func buffer() -> TransferBuffer? {
        if let spare = spareBuffers.popLast() { return spare }
        return try? TransferBuffer(capacity: capacity)
    }

    /// The queue of submissions holds every slot and more, so it is full only if the kernel refused
    /// the entries in it.
    private func queue(_ slot: Int) -> Bool {
        guard let read = slots[slot].read, let buffer = slots[slot].buffer else { return false }
        return unsafe ring.queueRead(
            file: FileIndex(descriptor: read.descriptor), offset: read.offset,
            into: buffer.start, length: UInt32(read.length), token: UInt64(slot))
    }

    /// The buffers that no read uses, for another thread's ring.
    func giveBuffers() -> [TransferBuffer] {
        let buffers = spareBuffers
        spareBuffers = []
        return buffers
    }

    func take(_ buffers: consuming [TransferBuffer]) {
        if spareBuffers.isEmpty {
            spareBuffers = buffers
        } else {
            spareBuffers += buffers.prefix(max(0, Self.depth - spareBuffers.count))
        }
    }

    // MARK: Waiting

    /// Has ``wait(nanoseconds:)`` look after `descriptor`, from its next call on.
    func attend(to descriptor: Int32) {
        guard !isAttending else { return }
        isAttending = ring.queuePoll(
            descriptor: descriptor, events: UInt32(POLLIN), token: Self.pollToken)
    }

    /// Ends it, since the kernel keeps a file that is looked after.
    func stopAttending() {
        guard isAttending else { return }
        _ = ring.queueCancel(of: Self.pollToken, token: Self.cancelToken)
        while isAttending {
            guard !isBroken, enter(waitingFor: 1, nanoseconds: nil) else { return }
            _ = answerFinished()
        }
        isCalled = false
    }

    /// Submits the reads that were begun, waits for a read or for the descriptor that is attended
    /// to (then also for an interrupt), and answers the first reads that are done. Returns their
    /// number. The next call answers the others, and does not wait then.
    func wait(nanoseconds: Int64?) -> Int {
        isCalled = false
        guard enter(waitingFor: 1, nanoseconds: nanoseconds) else {
            failAll()
            return 0
        }
        return answerFinished()
    }

    /// False when the kernel refuses for good.
    private func enter(waitingFor minimum: UInt32, nanoseconds: Int64?) -> Bool {
        while true {
            let outcome = ring.enter(waitingFor: minimum, nanoseconds: nanoseconds)
            if Ring.refusal(outcome) != nil { return false }
            // Memory is short for the moment, or a signal came. The end of a session interrupts
            // threads that wait for requests.
            if outcome == -EAGAIN || (outcome == -EINTR && !isAttending) { continue }
            return true
        }
    }

    // MARK: Answers

    private func answerFinished() -> Int {
        var count = 0
        while count < Self.answersAtOnce, let done = ring.nextCompletion() {
            if done.token == Self.pollToken {
                isAttending = false
                isCalled = done.result > 0
            } else if done.token < UInt64(slots.count) {
                count += finish(Int(done.token), done.result) ? 1 : 0
            }
        }
        return count
    }

    /// False where the read starts again.
    private func finish(_ slot: Int, _ result: Int32) -> Bool {
        if slots[slot].attempts.takesAnother(after: Int(result)), queue(slot) { return false }
        guard let read = slots[slot].read, let channel = slots[slot].channel,
            let buffer = slots[slot].buffer
        else { return false }
        let unique = slots[slot].unique
        slots[slot] = Slot()
        free.append(Int32(slot))
        inFlight -= 1
        read.owner.endRead(max(0, Int(result)), began: read.began)
        let ticket = ReplyTicket(unique: unique, channel: channel)
        if result < 0 {
            ticket.fail(Errno(rawValue: -result))
        } else {
            ticket.succeed(Int(result), of: buffer)
        }
        if !isBroken { spareBuffers.append(buffer) }
        return true
    }

    /// The kernel takes nothing more.
    private func failAll() {
        isBroken = true
        for slot in slots.indices where slots[slot].read != nil {
            if let buffer = slots[slot].buffer { Ring.leaveToKernel(buffer) }
            _ = finish(slot, -EIO)
        }
    }
}
