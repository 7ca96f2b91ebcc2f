import IOStack

/// The engine of ``StillDisk``: a read completes when the queue hands it over. A read allocates
/// nothing.
final class StillReadEngine: StorageReadEngine {
    let depth: Int
    let slotSize: Int
    let summary = "still"
    private let buffers: [HeapBuffer]
    /// Slots begun and not yet returned, the oldest first, in a ring of `depth`.
    private var begun: [Int32]
    private var lengths: [Int32]
    private var first = 0
    private var count = 0

    init(depth: Int, slotSize: Int) {
        self.depth = depth
        self.slotSize = slotSize
        buffers = (0..<depth).map { _ in HeapBuffer(capacity: slotSize) }
        begun = Array(repeating: 0, count: depth)
        lengths = Array(repeating: 0, count: depth)
    }

    /// The routes use one thread.
    var isOwnedByCurrentThread: @Sendable () -> Bool { { true } }
    var wake: @Sendable () -> Void { {} }

    func register(_ handle: StorageHandle) throws(IOFailure) -> Int32 { 0 }
    func unregister(_ index: Int32) {}

    func start(slot: Int, file: Int32, offset: UInt64, length: Int) {
        lengths[slot] = Int32(length)
        begun[(first + count) % depth] = Int32(slot)
        count += 1
    }

    func submit(waitingFor minimum: Int, wakeable: Bool) throws(IOFailure) {}

    func nextCompletion() -> StorageCompletion? {
        guard count > 0 else { return nil }
        let slot = begun[first]
        first = (first + 1) % depth
        count -= 1
        return StorageCompletion(slot: slot, result: lengths[Int(slot)])
    }

    func buffer(ofSlot slot: Int) -> any IOBuffer { buffers[slot] }

    func withBytes<R, E: Error>(
        ofSlot slot: Int, count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try buffers[slot].withBytes(count, body)
    }

    func close() {}
}
