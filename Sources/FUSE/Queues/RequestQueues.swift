internal import DirectRead
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// FUSE over io_uring: the kernel's queues, one for each CPU, and the threads that serve them.
///
/// What the kernel does not send this way (INIT, FORGET, INTERRUPT), and everything where it cannot use
/// the queues, comes over /dev/fuse as ever.
///
/// Lock order: the reserve's before the backlog's; no other two are held at once.
final class RequestQueues: Sendable {
    /// Starts a thread that the session counts, interrupts at its end and joins.
    typealias ThreadStart =
        @Sendable (_ name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) -> Void

    let connection: Connection
    /// Bytes behind the header of the largest request or reply.
    let capacity: Int
    private let queues: [RequestQueue]
    private let startThread: ThreadStart
    /// Workers beyond those that wait for requests.
    private let maximumThreads: Int

    /// Requests that wait for a worker.
    private let backlog = Monitor<[QueueEntry]>([])
    /// How many. Sequentially consistent, see ``RequestQueue/admitIdle()``.
    private let backlogCount = Atomic<Int>(0)
    private let reserve = Reserve()
    /// Workers that are not in the reserve. Relaxed: it limits, nothing is handed over with it.
    private let workers = Atomic<Int>(0)
    /// Released by whoever ends, acquired by every loop.
    private let over = Atomic<Bool>(false)
    /// Threads in io_uring_enter(2), where only an interrupt reaches them. Sequentially consistent with
    /// ``over``: a thread counts itself in before it looks whether all is over.
    private let inKernel = Atomic<Int>(0)
    private let preparation = Monitor(Preparation())

    private struct Preparation {
        var awaited = 0
        var hasFailed = false
    }

    /// Throws `EMFILE`, `ENFILE`, `ENOMEM`.
    init(
        _ connection: Connection, _ channel: DeviceChannel, capacity: Int, maximumThreads: Int,
        startThread: @escaping ThreadStart
    ) throws(Errno) {
        self.connection = connection
        self.capacity = capacity
        self.maximumThreads = maximumThreads
        self.startThread = startThread
        var queues: [RequestQueue] = []
        for number in 0..<Self.queueCount {
            queues.append(try RequestQueue(number: UInt16(number), channel))
        }
        self.queues = queues
    }

    // MARK: What the kernel offers

    /// Root lets FUSE use io_uring by this switch (Linux 6.14).
    static let switchPath: FilePath = "/sys/module/fuse/parameters/enable_uring"

    static var isOffered: Bool {
        SmallFile.read(switchPath)?.first == UInt8(ascii: "Y")
    }

    /// CPUs there may ever be: the kernel waits until each has a queue.
    private static var queueCount: Int {
        let text = SmallFile.read("/sys/devices/system/cpu/possible") ?? []
        let numbers = text.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let last = numbers.last.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        return min(last + 1, Int(UInt16.max))
    }

    // MARK: Beginning

    /// Starts a worker for each queue and makes its ring, before INIT is answered: once the kernel was
    /// told that it may use queues it waits for them. False where that cannot be had.
    func prepare() -> Bool {
        preparation.withLock { $0.awaited = queues.count }
        for queue in queues {
            workers.wrappingAdd(1, ordering: .relaxed)
            do throws(Errno) {
                try startThread("bypassio-fuse") { [self] in runFirstWorker(queue) }
            } catch {
                report(false)
            }
        }
        let isReady = preparation.wait(until: { $0.awaited == 0 }) { !$0.hasFailed }
        if !isReady { end() }
        return isReady
    }

    private func report(_ isReady: Bool) {
        preparation.withLock { preparation in
            preparation.awaited -= 1
            if !isReady { preparation.hasFailed = true }
        }
    }

    private func runFirstWorker(_ queue: RequestQueue) {
        let worker = QueueWorker(self)
        guard worker.prepare(), let entry = try? QueueEntry(queue, capacity: capacity) else {
            return report(false)
        }
        _ = queue.admitFirst()
        report(true)
        if waitForAgreement() { worker.serve(registering: entry) }
    }

    /// Whether INIT agreed on queues. INIT comes at once or never.
    private func waitForAgreement() -> Bool {
        while !connection.isNegotiated {
            if isOver || connection.isRefused { return false }
            usleep(200)
        }
        return connection.isAgreed(.overRing)
    }

    // MARK: Requests

    /// Has the service carry a request that came, on a worker's thread. Whether it is answered; otherwise
    /// whoever answers it gives the entry back.
    func carry(_ entry: QueueEntry) -> Bool {
        guard let (room, length) = entry.open() else { return true }
        if let read = connection.beginRead(
            length, in: entry.buffer, room: room, atMost: QueueCarrier.largestRead)
        {
            if entry.queue.isUnattended { ensureCarrier(of: entry.queue) }
            entry.fetch(read)
            return true
        }
        if entry.queue.isUnattended, entry.queue.admitFirst() { startWorker(of: entry.queue) }
        connection.process(
            length, in: entry.buffer, room: room, output: entry.buffer, from: entry)
        if entry.settle() { return true }
        // What the request waits for may be a request of this queue.
        ensureCarrier(of: entry.queue)
        return false
    }

    // MARK: Attendance

    func ensureCarrier(of queue: RequestQueue) {
        guard queue.claimCarrier() else { return }
        do throws(Errno) {
            try startThread("bypassio-queue") { [self] in
                if let carrier = try? QueueCarrier(self, queue) {
                    carrier.serve()
                } else {
                    queue.giveUpCarrier()
                }
            }
        } catch {
            // Tried again with the next request that wants it.
            queue.giveUpCarrier()
        }
    }

    /// It is counted as waiting already.
    private func startWorker(of queue: RequestQueue) {
        start(else: { queue.leaveIdle() }) { [self] worker in
            guard let entry = try? QueueEntry(queue, capacity: capacity) else {
                return queue.leaveIdle()
            }
            worker.serve(registering: entry)
        }
    }

    /// Has a worker carry a request.
    func handOver(_ entry: QueueEntry) {
        backlog.withLock { backlog in
            backlog.append(entry)
            backlogCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
        }
        // Without a further thread some worker takes it when it has carried its own request.
        if !reserve.call() { start(else: {}) { worker in worker.serve() } }
    }

    /// Starts a worker if there may be another. Those who wait for requests are not to be had for
    /// others, so they do not count.
    private func start(
        else fail: () -> Void, _ body: @escaping @Sendable (QueueWorker) -> Void
    ) {
        let waiting = queues.reduce(0) { $0 + $1.idleCount }
        let count = workers.wrappingAdd(1, ordering: .relaxed).newValue
        do throws(Errno) {
            guard count - waiting <= maximumThreads else { throw .resourceTemporarilyUnavailable }
            try startThread("bypassio-fuse") { [self] in
                let worker = QueueWorker(self)
                _ = worker.prepare()
                body(worker)
                workers.wrappingSubtract(1, ordering: .relaxed)
            }
        } catch {
            workers.wrappingSubtract(1, ordering: .relaxed)
            fail()
        }
    }

    /// Looked at before a worker waits for requests, and behind its having said so.
    var hasBacklog: Bool { backlogCount.load(ordering: .sequentiallyConsistent) > 0 }

    /// Sleeps until there is a request to be carried; nil when all is over.
    func waitForBacklog() -> QueueEntry? {
        while !isOver {
            if let entry = takeBacklog() { return entry }
            workers.wrappingSubtract(1, ordering: .relaxed)
            _ = reserve.wait { !hasBacklog && !isOver }
            workers.wrappingAdd(1, ordering: .relaxed)
        }
        return nil
    }

    private func takeBacklog() -> QueueEntry? {
        backlog.withLock { backlog in
            guard !backlog.isEmpty else { return nil }
            backlogCount.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            return backlog.removeFirst()
        }
    }

    // MARK: The end

    var isOver: Bool { over.load(ordering: .sequentiallyConsistent) }

    /// For a system call that only an interrupt may end; `-ECANCELED`, and not called, when all is over.
    func whileInKernel(_ call: () -> Int32) -> Int32 {
        inKernel.wrappingAdd(1, ordering: .sequentiallyConsistent)
        defer { inKernel.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
        return isOver ? -ECANCELED : call()
    }

    /// Whether threads must be interrupted to see the end.
    var hasThreadsInKernel: Bool { inKernel.load(ordering: .sequentiallyConsistent) > 0 }

    /// A command failed: the connection is over, or the kernel does not take an entry.
    func note(failure: Int32) {
        switch -failure {
        // The kernel falls back to /dev/fuse, or has the entries that it took before.
        case EINVAL, ENOMEM, EOPNOTSUPP, EFAULT: break
        default: end()
        }
    }

    /// Nothing comes any more. Threads leave when they see it.
    func end() {
        guard !over.exchange(true, ordering: .sequentiallyConsistent) else { return }
        reserve.end()
        for queue in queues { queue.call.wake() }
    }
}
