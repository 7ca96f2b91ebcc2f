internal import DirectRead
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// FUSE over io_uring: the kernel's queues, one for each CPU, and the threads that serve them.
///
/// What the kernel does not send this way (INIT, FORGET, INTERRUPT), and everything where it cannot use
/// the queues, comes over /dev/fuse as ever.
///
/// Its locks are leaves: no two are held at once.
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
    let maximumThreads: Int

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

    /// Starts a carrier and a worker for each queue and makes their rings, before INIT is answered: once
    /// the kernel was told that it may use queues it waits for them. False where that cannot be had.
    func prepare() -> Bool {
        preparation.withLock { $0.awaited = queues.count * 2 }
        for queue in queues {
            startFirst("bypassio-queue") { $0.runCarrier(queue) }
            workers.wrappingAdd(1, ordering: .relaxed)
            startFirst("bypassio-fuse") { $0.runFirstWorker(queue) }
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

    private func startFirst(
        _ name: String, _ body: @escaping @Sendable (RequestQueues) -> Void
    ) {
        do throws(Errno) {
            try startThread(name) { [self] in body(self) }
        } catch {
            report(false)
        }
    }

    private func runCarrier(_ queue: RequestQueue) {
        guard let carrier = try? QueueCarrier(self, queue) else { return report(false) }
        report(true)
        if waitForAgreement() { carrier.serve() }
    }

    private func runFirstWorker(_ queue: RequestQueue) {
        let worker = QueueWorker(self)
        guard worker.prepare(), let entry = try? QueueEntry(queue, capacity: capacity) else {
            return report(false)
        }
        _ = queue.admitIdle(limit: 1)
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

    /// Has a worker carry a request.
    func handOver(_ entry: QueueEntry) {
        backlog.withLock { backlog in
            backlog.append(entry)
            backlogCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
        }
        if !reserve.call() { startWorker() }
    }

    /// Starts a worker if there may be another. Those who wait for requests are not to be had for
    /// others, so they do not count. Without one, whoever has carried a request takes the next.
    private func startWorker() {
        let waiting = queues.reduce(0) { $0 + $1.idleCount }
        let count = workers.wrappingAdd(1, ordering: .relaxed).newValue
        do throws(Errno) {
            guard count - waiting <= maximumThreads else { throw .resourceTemporarilyUnavailable }
            try startThread("bypassio-fuse") { [self] in
                let worker = QueueWorker(self)
                _ = worker.prepare()
                worker.serve()
                workers.wrappingSubtract(1, ordering: .relaxed)
            }
        } catch {
            workers.wrappingSubtract(1, ordering: .relaxed)
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
