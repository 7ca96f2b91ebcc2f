/// Completions that arrived and were not taken yet, oldest first, in memory reserved at the start.
@safe
struct CompletionQueue: ~Copyable {
    private let storage: UnsafeMutableBufferPointer<ReadCompletion>
    private let mask: Int
    private var head = 0
    private(set) var count = 0

    /// Room for one completion of every slot.
    init(depth: Int) {
        var capacity = 1
        while capacity < depth { capacity *= 2 }
        unsafe storage = .allocate(capacity: capacity)
        unsafe storage.initialize(repeating: ReadCompletion(slot: 0, result: 0))
        mask = capacity - 1
    }

    mutating func append(_ completion: ReadCompletion) {
        precondition(count <= mask, "more completions than slots")
        unsafe storage[(head &+ count) & mask] = completion
        count &+= 1
    }

    mutating func popFirst() -> ReadCompletion? {
        guard count > 0 else { return nil }
        defer {
            head = (head &+ 1) & mask
            count &-= 1
        }
        return unsafe storage[head]
    }

    mutating func removeAll() {
        count = 0
    }

    deinit {
        unsafe storage.deallocate()
    }
}
