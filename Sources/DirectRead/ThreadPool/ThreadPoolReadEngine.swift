import Glibc
public import LinuxKit
public import SystemPackage

/// Reads with `pread` on threads of its own, where io_uring is not available.
///
/// It has the ring engine's contract at a higher price: a lock and a change of thread for each
/// batch. A read allocates nothing.
@safe
public final class ThreadPoolReadEngine: ReadEngine {
    public let depth: Int
    public let slotSize: Int
    public let fallbackReason: String?

    private let slots: SlotTable
    private let slabBase: UnsafeMutableRawPointer
    private let slabStride: Int
    private let pool: ReadThreadPool
    private let threadRule = ThreadRule()
    private var slab: BufferSlab?
    private var ready: CompletionQueue
    // Reads started whose completion was not fetched yet; some of them wait to be submitted.
    private var outstanding = 0
    private var isClosed = false

    /// The default number of threads: enough to keep a fast drive busy, few enough for any machine.
    public static let defaultThreadCount = 16

    /// Makes the buffers and starts the threads.
    ///
    /// - Parameters:
    ///   - depth: slots, 1 to 4096.
    ///   - slotSize: bytes of a slot, 1 to 1 GiB.
    ///   - threads: at most this many threads, never more than slots.
    ///   - fallbackReason: why io_uring is not used although it was wanted.
    public init(
        depth: Int, slotSize: Int, threads: Int = defaultThreadCount,
        fallbackReason: String? = nil
    ) throws(ReadEngineError) {
        let slab = try ReadEngines.makeSlab(depth: depth, slotSize: slotSize)
        self.depth = depth
        self.slotSize = slotSize
        self.fallbackReason = fallbackReason
        slots = SlotTable(depth: depth, slotSize: slotSize)
        unsafe slabBase = slab.base
        slabStride = slab.stride
        ready = CompletionQueue(depth: depth)
        pool = ReadThreadPool(depth: depth)
        self.slab = consume slab
        do throws(Errno) {
            try pool.start(threads: max(1, min(threads, depth)))
        } catch {
            throw .threads(error)
        }
    }

    deinit {
        pool.stop()
    }

    public var waker: ReadEngineWaker { ReadEngineWaker(pool) }

    public var description: String {
        guard let fallbackReason else { return "pread on \(pool.threadCount) threads" }
        return "pread on \(pool.threadCount) threads because \(fallbackReason)"
    }

    /// Returns the descriptor as an index: there is no table to register it in.
    public func register(_ fd: FileDescriptor) throws(Errno) -> FileIndex {
        threadRule.check()
        guard fcntl(fd.rawValue, F_GETFD) >= 0 else { throw .badFileDescriptor }
        return FileIndex(descriptor: fd)
    }

    public func unregister(_ file: FileIndex) {
        threadRule.check()
        precondition(!slots.isReading(file), "file has reads in flight")
    }

    public func start(slot: Int, file: FileIndex, offset: UInt64, length: Int) {
        threadRule.check()
        assert(!isClosed, "engine is closed")
        slots.begin(slot: slot, file: file, offset: offset, length: length)
        outstanding += 1
        pool.queue(
            unsafe ReadThreadPool.Job(
                slot: Int32(slot), descriptor: file.number, offset: offset, length: length,
                start: slabBase + slot &* slabStride))
    }

    @discardableResult
    public func submit(
        waitingFor minimum: Int, timeout: Duration?, wakeable: Bool
    ) throws(Errno) -> Int {
        threadRule.check()
        assert(!isClosed, "engine is closed")
        pool.publish()
        let wakeable = wakeable && minimum > 0
        let goal = min(minimum, ready.count + outstanding)
        // With nothing outstanding, only the wake can end the wait.
        let missing = wakeable && goal == 0 ? 1 : max(0, goal - ready.count)
        if missing > 0 || wakeable {
            pool.wait(for: missing, until: Deadline(timeout), wakeable: wakeable)
        }
        fetch()
        return ready.count
    }

    public func nextCompletion() -> ReadCompletion? {
        threadRule.check()
        if ready.count == 0 { fetch() }
        guard let completion = ready.popFirst() else { return nil }
        slots.end(slot: Int(completion.slot))
        return completion
    }

    private func fetch() {
        guard !isClosed else { return }
        outstanding -= pool.moveFinished(to: &ready)
    }

    @unsafe
    public func address(ofSlot slot: Int) -> UnsafeMutableRawPointer {
        precondition(!slots[slot].isInFlight, "slot is in flight")
        precondition(!isClosed, "engine is closed")
        return unsafe slabBase + slot &* slabStride
    }

    public func close() {
        threadRule.check()
        guard !isClosed else { return }
        pool.stop()
        isClosed = true
        ready.removeAll()
        slab = nil
    }
}
