import Glibc
import LinuxKit
import Locks
import SystemPackage

/// Threads that take reads from a bounded queue and put completions into another.
///
/// Both queues hold one entry for each slot, reserved at the start. Unchecked `Sendable`: every
/// field below the lock is touched only while holding it.
@safe
final class ReadThreadPool: WakeTarget, @unchecked Sendable {
    /// A read. It owns nothing, so handing it over counts no reference.
    @safe
    struct Job {
        var slot: Int32
        var descriptor: CInt
        var offset: UInt64
        var length: Int
        var start: UnsafeMutableRawPointer
    }

    private(set) var threadCount = 0
    private var threads: [OwnThread] = []
    // The owner fills it without the lock, then publishes it at once.
    private var unpublished: JobQueue

    private let lock = Lock()
    private let jobsCame = Condition()
    private let ownerMayContinue = Condition()
    private var jobs: JobQueue
    private var finished: CompletionQueue
    private var ownerWaitsFor = Int.max
    private var isWoken = false
    private var isStopping = false

    init(depth: Int) {
        unpublished = JobQueue(depth: depth)
        jobs = JobQueue(depth: depth)
        finished = CompletionQueue(depth: depth)
    }

    // MARK: The owner's side

    /// Starts the threads. Succeeds if it can start at least one.
    func start(threads wanted: Int) throws(Errno) {
        threads.reserveCapacity(wanted)
        while threads.count < wanted {
            do throws(Errno) {
                threads.append(
                    try OwnThread.start(
                        named: "bypassio-pread", stackSize: 256 << 10, isInterruptible: false
                    ) { [self] in work() })
            } catch {
                guard threads.isEmpty else { break }
                throw error
            }
        }
        threadCount = threads.count
    }

    /// Adds a read to the next batch. No lock.
    func queue(_ job: Job) {
        unpublished.append(job)
    }

    /// Hands the batch to the threads.
    func publish() {
        let count = unpublished.count
        guard count > 0 else { return }
        lock.lock()
        defer { lock.unlock() }
        while let job = unpublished.popFirst() { jobs.append(job) }
        if count == 1 {
            jobsCame.signal()
        } else {
            jobsCame.broadcast()
        }
    }

    /// Blocks until `count` completions are there, or time runs out. If `wakeable`, a wake also
    /// ends the wait and is then used up.
    func wait(for count: Int, until deadline: Deadline, wakeable: Bool) {
        lock.lock()
        defer { lock.unlock() }
        ownerWaitsFor = count
        defer { ownerWaitsFor = .max }
        while finished.count < count && !(wakeable && isWoken) {
            guard let moment = deadline.moment else {
                ownerMayContinue.wait(lock)
                continue
            }
            if !ownerMayContinue.wait(lock, until: moment) { break }
        }
        if wakeable { isWoken = false }
    }

    /// Moves all completions to the owner's queue. Returns how many.
    func moveFinished(to ready: inout CompletionQueue) -> Int {
        lock.lock()
        defer { lock.unlock() }
        let count = finished.count
        while let completion = finished.popFirst() { ready.append(completion) }
        return count
    }

    /// Lets running reads end, drops the others, and waits for the threads' end.
    func stop() {
        lock.lock()
        isStopping = true
        jobsCame.broadcast()
        lock.unlock()
        for thread in threads { thread.join() }
        threads.removeAll()
    }

    // MARK: Any thread

    func wake() {
        lock.lock()
        defer { lock.unlock() }
        isWoken = true
        ownerMayContinue.signal()
    }

    private func work() {
        while let job = nextJob() {
            var outcome = unsafe positionalRead(
                descriptor: job.descriptor, into: job.start, count: job.length,
                offset: job.offset)
            var attempts = ReadAttempts()
            while attempts.takesAnother(after: outcome) {
                sched_yield()
                outcome = unsafe positionalRead(
                    descriptor: job.descriptor, into: job.start, count: job.length,
                    offset: job.offset)
            }
            finish(ReadCompletion(slot: job.slot, result: Int32(truncatingIfNeeded: outcome)))
        }
    }

    /// The next read; `nil` if the pool stops.
    private func nextJob() -> Job? {
        lock.lock()
        defer { lock.unlock() }
        while !isStopping {
            if let job = jobs.popFirst() { return job }
            jobsCame.wait(lock)
        }
        return nil
    }

    private func finish(_ completion: ReadCompletion) {
        lock.lock()
        defer { lock.unlock() }
        finished.append(completion)
        if finished.count >= ownerWaitsFor { ownerMayContinue.signal() }
    }
}

/// Reads on their way to the threads, oldest first, in memory reserved at the start.
@safe
struct JobQueue: ~Copyable {
    private let storage: UnsafeMutablePointer<ReadThreadPool.Job>
    private let capacity: Int
    private var head = 0
    private(set) var count = 0

    /// Room for one read of every slot.
    init(depth: Int) {
        capacity = depth
        unsafe storage = .allocate(capacity: depth)
    }

    mutating func append(_ job: ReadThreadPool.Job) {
        precondition(count < capacity, "more reads than slots")
        unsafe (storage + (head + count) % capacity).initialize(to: job)
        count += 1
    }

    mutating func popFirst() -> ReadThreadPool.Job? {
        guard count > 0 else { return nil }
        let job = unsafe (storage + head).move()
        head = (head + 1) % capacity
        count -= 1
        return job
    }

    deinit {
        // Jobs own nothing, so the remaining ones need no clean-up.
        unsafe storage.deallocate()
    }
}
