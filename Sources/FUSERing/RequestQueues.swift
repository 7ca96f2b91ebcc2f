internal import FUSE
internal import Glibc
internal import LinuxKit
internal import Locks
internal import Synchronization
internal import SystemPackage

/// FUSE over io_uring: the kernel's queues, one for each CPU, and the threads that serve them.
///
/// INIT, FORGET and INTERRUPT still come over /dev/fuse, and every request does where the kernel
/// cannot use the queues.
///
/// Its locks are leaves: no two are held at once.
final class RequestQueues: RequestSource {
    let connection: Connection
    /// Bytes behind the header of the largest request or reply.
    let capacity: Int
    private let queues: [RequestQueue]
    private let startThread: RequestSourceSite.ThreadStart
    let wakeWatch: @Sendable () -> Void
    /// Workers beyond those that wait for requests.
    let maximumThreads: Int

    /// Requests that wait for a worker.
    private let backlog = Monitor<[QueueEntry]>([])
    /// How many. Sequentially consistent, see ``RequestQueue/enterIdle()``.
    private let backlogCount = Atomic<Int>(0)
    private let reserve = Reserve()
    /// Of the workers, for interrupts.
    private let posts = Monitor<[WorkerPost]>([])
    /// Workers that are not in the reserve. Relaxed: it limits, nothing is handed over with it.
    private let workers = Atomic<Int>(0)
    /// Released by the thread that ends all, acquired by every loop.
    private let over = Atomic<Bool>(false)
    /// Threads in io_uring_enter(2), where only an interrupt reaches them. Sequentially consistent
    /// with ``over``: a thread counts itself in before it looks whether all is over.
    private let inKernel = Atomic<Int>(0)
    private let preparation = Monitor(Preparation())
    private let lookLimit = Monitor(LookLimit())

    private struct Preparation {
        /// Threads that have no ring yet.
        var awaited = 0
        var hasFailed = false
        /// The kernel takes entries.
        var isOpen = false
        var isOver = false
        /// Carriers that gave the kernel their entries, and then workers.
        var registered = 0
    }

    /// Throws `EMFILE`, `ENFILE`, `ENOMEM`.
    init(_ site: RequestSourceSite) throws(Errno) {
        connection = site.connection
        capacity = site.capacity
        maximumThreads = site.maximumThreads
        startThread = site.startThread
        wakeWatch = site.wakeWatch
        var queues: [RequestQueue] = []
        for number in 0..<Self.queueCount {
            queues.append(try RequestQueue(number: UInt16(number), site.channel))
        }
        self.queues = queues
    }

    /// CPUs there may ever be: the kernel waits until each has a queue.
    private static var queueCount: Int {
        let text = (try? KernelFile.bytes(of: "/sys/devices/system/cpu/possible")) ?? []
        let numbers = text.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let last = numbers.last.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        return min(last + 1, Int(UInt16.max))
    }

    // MARK: Beginning

    /// Starts a carrier and a worker for each queue and makes their rings, before INIT is answered:
    /// once the kernel was told that it may use queues it waits for them. False where that cannot
    /// be had.
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
        if waitUntilOpen() { carrier.serve() }
    }

    private func runFirstWorker(_ queue: RequestQueue) {
        let worker = QueueWorker(self)
        guard worker.prepare(), let entry = try? QueueEntry(queue, capacity: capacity) else {
            return report(false)
        }
        queue.enterIdle()
        report(true)
        // Behind the carriers: with one entry a queue takes requests, and a request that comes
        // before the other entries are there would wait for a reply.
        if waitUntilOpen(carriers: queues.count) { worker.serve(registering: entry) }
    }

    private func waitUntilOpen(carriers: Int = 0) -> Bool {
        preparation.wait(until: { $0.isOver || ($0.isOpen && $0.registered >= carriers) }) {
            !$0.isOver
        }
    }

    /// After INIT was answered: if it agreed on queues, gives the kernel all entries and returns
    /// when it has them.
    func open() {
        guard connection.isAgreed(.overRing) else { return end() }
        preparation.withLock { $0.isOpen = true }
        let all = queues.count * 2
        preparation.wait(until: { $0.isOver || $0.registered == all }) { _ in }
    }

    /// The kernel has the entries of a carrier or of a first worker.
    func noteRegistration() {
        preparation.withLock { $0.registered += 1 }
    }

    // MARK: Requests

    /// Has a worker carry a request.
    func handOver(_ entry: QueueEntry) {
        backlog.withLock { backlog in
            backlog.append(entry)
            backlogCount.wrappingAdd(1, ordering: .sequentiallyConsistent)
        }
        if reserve.call() || startWorker() { return }
        // No thread could be started: the queue's carrier carries the request by itself, and the
        // queue waits.
        guard let entry = takeBacklog() else { return }
        if carry(entry) { entry.queue.takeBack(entry) }
    }

    /// Has the service carry a request where it lies, for want of a worker. Returns whether it is
    /// answered; otherwise the thread that answers it gives the entry to the carrier.
    func carry(_ entry: QueueEntry) -> Bool {
        guard let (room, length) = entry.open() else { return true }
        let unique = entry.unique
        connection.process(
            length, in: entry.buffer, room: room, output: entry.buffer, from: entry)
        return entry.settle(unique)
    }

    /// Starts a worker if there may be another. Workers that wait for requests of the kernel cannot
    /// take this request, so they do not count. False where no thread could be started; at the
    /// limit, a worker that has carried a request takes the next.
    private func startWorker() -> Bool {
        let waiting = queues.reduce(0) { $0 + $1.idleCount }
        let count = workers.wrappingAdd(1, ordering: .relaxed).newValue
        guard count - waiting <= maximumThreads else {
            workers.wrappingSubtract(1, ordering: .relaxed)
            wakeWatch()
            return true
        }
        do throws(Errno) {
            try startThread("bypassio-fuse") { [self] in
                let worker = QueueWorker(self)
                _ = worker.prepare()
                worker.serve()
                workers.wrappingSubtract(1, ordering: .relaxed)
            }
            return true
        } catch {
            workers.wrappingSubtract(1, ordering: .relaxed)
            return false
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

    // MARK: Interrupts

    func enroll(_ post: WorkerPost) {
        posts.withLock { $0.append(post) }
        // Whoever ends sees the post, or the post's thread the end.
        if isOver { post.endWaits() }
    }

    func dismiss(_ post: WorkerPost) { posts.withLock { $0.removeAll { $0 === post } } }

    /// The sender of a request was interrupted: cancels the request's wait, or answers it if it
    /// waits for a worker. False if no worker has the request, or not yet. The kernel tells of it
    /// over /dev/fuse.
    func interrupt(_ unique: RequestID) -> Bool {
        let entry = backlog.withLock { backlog -> QueueEntry? in
            guard let place = backlog.firstIndex(where: { $0.unique == unique }) else { return nil }
            backlogCount.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            return backlog.remove(at: place)
        }
        if let entry {
            ReplyTicket(unique: unique, channel: entry).fail(.interrupted)
            entry.queue.takeBack(entry)
            return true
        }
        // Under no lock: it may run filters.
        return posts.withLock { $0 }.contains { $0.interrupt(unique) }
    }

    /// The kernel tells nobody of a signal that comes after it gave a request an entry and before
    /// it sent the entry (fs/fuse/dev_uring.c, Linux 6.14 to 6.18: `FR_SENT` is set without another
    /// look at `FR_INTERRUPTED`). The program would wait for its answer for ever, also when killed.
    func look() {
        guard lookLimit.withLock({ $0.isDue }) else { return }
        var waiting = backlog.withLock { $0.map { ($0.unique, $0.sender) } }
        waiting += posts.withLock { $0 }.compactMap { $0.waitingSender.map { ($0, $1) } }
        for (unique, thread) in lookLimit.withLock({ $0.part(of: waiting) })
        where TaskStatus(thread: thread)?.isInterrupted == true {
            _ = interrupt(unique)
        }
    }

    // MARK: The end

    var isOver: Bool { over.load(ordering: .sequentiallyConsistent) }

    /// For a system call that only an interrupt may end; `-ECANCELED`, and not called, when all is
    /// over.
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
        default:
            connection.ledger?.ended(Errno(rawValue: -failure))
            end()
        }
    }

    /// Nothing comes any more. Threads leave when they see it.
    func end() {
        guard !over.exchange(true, ordering: .sequentiallyConsistent) else { return }
        reserve.end()
        preparation.withLock { $0.isOver = true }
        for queue in queues { queue.call.raise() }
        // Under no lock: it may run filters.
        for post in posts.withLock({ $0 }) { post.endWaits() }
    }
}
