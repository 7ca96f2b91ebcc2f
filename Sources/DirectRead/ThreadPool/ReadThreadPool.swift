import CKernelABI
import Glibc
import SystemPackage

/// Threads that take reads from a bounded queue and leave completions in another.
///
/// Both queues hold one entry for each slot, reserved at the start. Unchecked `Sendable`: every
/// field below the lock is touched only while holding it.
@safe
final class ReadThreadPool: WakeTarget, @unchecked Sendable {
    /// One read. Owns nothing, so that handing it over counts no reference.
    @safe
    struct Job {
        var slot: Int32
        var descriptor: CInt
        var offset: UInt64
        var length: Int
        var start: UnsafeMutableRawPointer
    }

    private(set) var threadCount = 0
    private var threads: [pthread_t] = []
    // Filled by the owner without the lock, then published in one go.
    private var unpublished: JobQueue

    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let jobsCame: UnsafeMutablePointer<pthread_cond_t>
    private let ownerMayContinue: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: JobQueue
    private var finished: CompletionQueue
    private var ownerWaitsFor = Int.max
    private var isWoken = false
    private var isStopping = false

    init(depth: Int) {
        unpublished = JobQueue(depth: depth)
        jobs = JobQueue(depth: depth)
        finished = CompletionQueue(depth: depth)
        unsafe lock = .allocate(capacity: 1)
        unsafe lock.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(lock, nil)
        var monotonic = pthread_condattr_t()
        unsafe pthread_condattr_init(&monotonic)
        unsafe pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC)
        unsafe jobsCame = .allocate(capacity: 1)
        unsafe jobsCame.initialize(to: pthread_cond_t())
        unsafe pthread_cond_init(jobsCame, &monotonic)
        unsafe ownerMayContinue = .allocate(capacity: 1)
        unsafe ownerMayContinue.initialize(to: pthread_cond_t())
        unsafe pthread_cond_init(ownerMayContinue, &monotonic)
        unsafe pthread_condattr_destroy(&monotonic)
    }

    deinit {
        unsafe pthread_cond_destroy(ownerMayContinue)
        unsafe pthread_cond_destroy(jobsCame)
        unsafe pthread_mutex_destroy(lock)
        unsafe ownerMayContinue.deallocate()
        unsafe jobsCame.deallocate()
        unsafe lock.deallocate()
    }

    // MARK: The owner's side

    private static let stackBytes = 256 << 10

    /// Starts the threads; fewer than asked for will do, none will not.
    func start(threads wanted: Int) throws(Errno) {
        threads.reserveCapacity(wanted)
        while threads.count < wanted {
            var thread = pthread_t()
            let context = unsafe Unmanaged.passRetained(self)
            let code = unsafe bpio_thread_start(
                &thread, Self.stackBytes,
                { context in
                    guard let context = unsafe context else { return nil }
                    let pool = unsafe Unmanaged<ReadThreadPool>.fromOpaque(context)
                        .takeRetainedValue()
                    unsafe bpio_thread_name("bypassio-pread")
                    pool.work()
                    return nil
                }, context.toOpaque())
            guard code == 0 else {
                unsafe context.release()
                guard threads.isEmpty else { break }
                throw Errno(rawValue: code)
            }
            threads.append(thread)
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
        enterLock()
        defer { leaveLock() }
        while let job = unpublished.popFirst() { jobs.append(job) }
        if count == 1 {
            unsafe pthread_cond_signal(jobsCame)
        } else {
            unsafe pthread_cond_broadcast(jobsCame)
        }
    }

    /// Blocks until `count` completions are there, time runs out, or, when `wakeable`, a wake
    /// comes, which is then used up.
    func wait(for count: Int, until deadline: Deadline, wakeable: Bool) {
        enterLock()
        defer { leaveLock() }
        ownerWaitsFor = count
        defer { ownerWaitsFor = .max }
        while finished.count < count && !(wakeable && isWoken) {
            guard var limit = deadline.timespec else {
                unsafe pthread_cond_wait(ownerMayContinue, lock)
                continue
            }
            if unsafe pthread_cond_timedwait(ownerMayContinue, lock, &limit) == ETIMEDOUT { break }
        }
        if wakeable { isWoken = false }
    }

    /// Moves all completions to the owner's queue. How many.
    func moveFinished(to ready: inout CompletionQueue) -> Int {
        enterLock()
        defer { leaveLock() }
        let count = finished.count
        while let completion = finished.popFirst() { ready.append(completion) }
        return count
    }

    /// Lets running reads end, drops the others, and waits for the threads to be gone.
    func stop() {
        enterLock()
        isStopping = true
        unsafe pthread_cond_broadcast(jobsCame)
        leaveLock()
        for thread in threads { _ = pthread_join(thread, nil) }
        threads.removeAll()
    }

    // MARK: Any thread

    func wake() {
        enterLock()
        defer { leaveLock() }
        isWoken = true
        unsafe pthread_cond_signal(ownerMayContinue)
    }

    private func work() {
        while let job = nextJob() {
            var outcome = unsafe positionalRead(
                descriptor: job.descriptor, into: job.start, count: job.length,
                offset: job.offset)
            var retries = SlotTable.retries
            while outcome == Int(-EAGAIN) && retries > 0 {
                sched_yield()
                outcome = unsafe positionalRead(
                    descriptor: job.descriptor, into: job.start, count: job.length,
                    offset: job.offset)
                retries -= 1
            }
            finish(ReadCompletion(slot: job.slot, result: Int32(truncatingIfNeeded: outcome)))
        }
    }

    /// The next read, or `nil` when the pool stops.
    private func nextJob() -> Job? {
        enterLock()
        defer { leaveLock() }
        while !isStopping {
            if let job = jobs.popFirst() { return job }
            unsafe pthread_cond_wait(jobsCame, lock)
        }
        return nil
    }

    private func finish(_ completion: ReadCompletion) {
        enterLock()
        defer { leaveLock() }
        finished.append(completion)
        if finished.count >= ownerWaitsFor { unsafe pthread_cond_signal(ownerMayContinue) }
    }

    private func enterLock() {
        unsafe pthread_mutex_lock(lock)
    }

    private func leaveLock() {
        unsafe pthread_mutex_unlock(lock)
    }
}
