import BypassIOProtocol
import IOStack
import Synchronization

/// The time in which bypass is forbidden: the pausing thread sets it after the pause returned, and
/// clears it before it resumes.
final class PauseWindow: Sendable {
    /// Bit 0: the stream is paused. Bit 1: the volume stack is paused.
    private let word = Atomic<UInt8>(0)

    static let stream: UInt8 = 1
    static let volume: UInt8 = 2

    func open(_ pause: UInt8) { word.bitwiseOr(pause, ordering: .sequentiallyConsistent) }
    func close(_ pause: UInt8) { word.bitwiseAnd(~pause, ordering: .sequentiallyConsistent) }

    /// The pauses in force now.
    var stamp: UInt8 { word.load(ordering: .sequentiallyConsistent) }
}

/// The stamps of one queue's reads, by slot. Only the queue's thread uses it.
final class StampTable: @unchecked Sendable {
    var began: [UInt8]
    var ended: [UInt8]

    init(depth: Int) {
        began = Array(repeating: 0, count: depth)
        ended = began
    }

    /// Whether a read skipped what was paused, when it began or when it ended.
    func isViolation(_ slot: Int, _ route: ReadRoute) -> Bool {
        let stamps = began[slot] | ended[slot]
        return route.skipsFilters && stamps & PauseWindow.stream != 0
            || route.skipsVolumeDrivers && stamps & PauseWindow.volume != 0
    }
}

/// A storage driver that stamps each read of a queue: when the storage gets it, after it entered
/// the gates, and when it returns, before it leaves them.
final class StampingStorage: StorageDriver {
    private let storage: any StorageDriver
    let window = PauseWindow()
    private let next = Guarded<StampTable?>(nil)
    private let making = Guarded(())

    init(_ storage: any StorageDriver) {
        self.storage = storage
    }

    var name: String { storage.name }
    var storageType: String { storage.storageType }
    /// The kind of disk is irrelevant: this tests the gates.
    var supportsBypassIO: Bool { true }

    func manageBypassIO(_ input: StorageBypassIOInput) -> StorageVeto? { nil }

    func makeBuffer(capacity: Int) throws(IOFailure) -> any IOBuffer {
        try storage.makeBuffer(capacity: capacity)
    }

    func read(_ extent: StorageExtent, into buffer: any IOBuffer) throws(IOFailure) -> Int {
        try storage.read(extent, into: buffer)
    }

    func write(_ extent: StorageExtent, from buffer: any IOBuffer) throws(IOFailure) -> Int {
        try storage.write(extent, from: buffer)
    }

    /// Returns a queue with the table of its stamps.
    func makeQueue(
        _ volume: Volume, depth: Int, slotSize: Int
    ) throws(IOFailure) -> (ReadQueue, StampTable) {
        // Serialized: the next engine that the driver makes belongs to the queue.
        try making.withLock { _ throws(IOFailure) in
            let table = StampTable(depth: depth)
            next.withLock { $0 = table }
            return (try ReadQueue(volume, depth: depth, slotSize: slotSize), table)
        }
    }

    func makeReadEngine(depth: Int, slotSize: Int) throws(IOFailure) -> any StorageReadEngine {
        let engine = try storage.makeReadEngine(depth: depth, slotSize: slotSize)
        let table = next.withLock { $0.take() } ?? StampTable(depth: depth)
        return StampingEngine(engine, table, window)
    }
}

/// Passes everything on.
private final class StampingEngine: StorageReadEngine {
    private let engine: any StorageReadEngine
    private let table: StampTable
    private let window: PauseWindow

    init(_ engine: any StorageReadEngine, _ table: StampTable, _ window: PauseWindow) {
        (self.engine, self.table, self.window) = (engine, table, window)
    }

    var depth: Int { engine.depth }
    var slotSize: Int { engine.slotSize }
    var summary: String { engine.summary }
    var isOwnedByCurrentThread: @Sendable () -> Bool { engine.isOwnedByCurrentThread }
    var wake: @Sendable () -> Void { engine.wake }

    func register(_ handle: StorageHandle) throws(IOFailure) -> Int32 {
        try engine.register(handle)
    }

    func unregister(_ index: Int32) { engine.unregister(index) }

    func start(slot: Int, file: Int32, offset: UInt64, length: Int) {
        table.began[slot] = window.stamp
        engine.start(slot: slot, file: file, offset: offset, length: length)
    }

    func submit(waitingFor minimum: Int, wakeable: Bool) throws(IOFailure) {
        try engine.submit(waitingFor: minimum, wakeable: wakeable)
    }

    func nextCompletion() -> StorageCompletion? {
        guard let done = engine.nextCompletion() else { return nil }
        table.ended[Int(done.slot)] = window.stamp
        return done
    }

    func buffer(ofSlot slot: Int) -> any IOBuffer { engine.buffer(ofSlot: slot) }

    func withBytes<R, E: Error>(
        ofSlot slot: Int, count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try engine.withBytes(ofSlot: slot, count: count, body)
    }

    func close() { engine.close() }
}
