import Glibc
import LinuxKit

/// The request of each slot. It is kept so that an interrupted read can be started again, and so
/// that a slot in flight is never started or touched.
@safe
struct SlotTable: ~Copyable {
    struct Request {
        var offset: UInt64
        var length: UInt32
        var file: FileIndex
        var attempts = ReadAttempts()
        var isInFlight: Bool
    }

    let depth: Int
    let slotSize: Int
    private let requests: UnsafeMutablePointer<Request>

    init(depth: Int, slotSize: Int) {
        self.depth = depth
        self.slotSize = slotSize
        unsafe requests = .allocate(capacity: depth)
        let idle = Request(
            offset: 0, length: 0, file: FileIndex(tableIndex: 0), isInFlight: false)
        unsafe requests.initialize(repeating: idle, count: depth)
    }

    /// Marks a slot as in flight. The checks run in every build: past them the kernel writes.
    @inline(__always)
    func begin(slot: Int, file: FileIndex, offset: UInt64, length: Int) {
        precondition(slot >= 0 && slot < depth, "no such slot")
        precondition(length >= 0 && length <= slotSize, "read longer than the slot")
        precondition(unsafe !requests[slot].isInFlight, "slot is in flight")
        unsafe requests[slot] = Request(
            offset: offset, length: UInt32(truncatingIfNeeded: length), file: file,
            isInFlight: true)
    }

    /// The request of a slot in flight.
    @inline(__always)
    subscript(slot: Int) -> Request {
        precondition(slot >= 0 && slot < depth, "no such slot")
        return unsafe requests[slot]
    }

    /// Marks a slot as free.
    @inline(__always)
    func end(slot: Int) {
        precondition(slot >= 0 && slot < depth, "no such slot")
        assert(unsafe requests[slot].isInFlight, "slot completed twice")
        unsafe requests[slot].isInFlight = false
    }

    /// Whether the result of a slot calls for another try. The try is then used up.
    @inline(__always)
    func takesRetry(slot: Int, result: Int32) -> Bool {
        precondition(slot >= 0 && slot < depth, "no such slot")
        return unsafe requests[slot].attempts.takesAnother(after: Int(result))
    }

    /// Whether any read in flight is of this file.
    func isReading(_ file: FileIndex) -> Bool {
        for slot in 0..<depth where self[slot].isInFlight && self[slot].file == file {
            return true
        }
        return false
    }

    deinit {
        unsafe requests.deallocate()
    }
}

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
