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
