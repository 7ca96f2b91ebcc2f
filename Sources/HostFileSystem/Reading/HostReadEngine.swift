internal import CKernelABI
internal import DirectRead
public import IOStack
internal import LinuxKit
internal import SystemPackage

/// An engine of DirectRead in the storage stack's form.
///
/// Generic, so that a read calls the mechanism directly and not through a table of functions.
final class HostReadEngine<Engine: ReadEngine>: StorageReadEngine {
    private let engine: Engine
    private let buffers: [HostSlotBuffer<Engine>]

    let depth: Int
    let slotSize: Int
    let summary: String
    let wake: @Sendable () -> Void
    let isOwnedByCurrentThread: @Sendable () -> Bool

    /// Takes over an engine that the calling thread made.
    init(_ engine: Engine) {
        self.engine = engine
        depth = engine.depth
        slotSize = engine.slotSize
        summary = engine.description
        buffers = (0..<engine.depth).map { HostSlotBuffer(engine: engine, slot: $0) }
        let waker = engine.waker
        wake = { waker.wake() }
        let owner = bpio_thread_id()
        isOwnedByCurrentThread = { owner == bpio_thread_id() }
    }

    // MARK: Files

    func register(_ handle: StorageHandle) throws(IOFailure) -> Int32 {
        do throws(Errno) {
            return try engine.register(FileDescriptor(rawValue: handle.rawValue)).carriedNumber
        } catch {
            throw IOFailure(errno: error)
        }
    }

    func unregister(_ index: Int32) {
        engine.unregister(FileIndex(carriedNumber: index))
    }

    // MARK: Reads

    func start(slot: Int, file: Int32, offset: UInt64, length: Int) {
        engine.start(
            slot: slot, file: FileIndex(carriedNumber: file), offset: offset, length: length)
    }

    func submit(waitingFor minimum: Int, wakeable: Bool) throws(IOFailure) {
        do throws(Errno) {
            try engine.submit(waitingFor: minimum, timeout: nil, wakeable: wakeable)
        } catch {
            throw IOFailure(errno: error)
        }
    }

    func nextCompletion() -> StorageCompletion? {
        guard let done = engine.nextCompletion() else { return nil }
        return StorageCompletion(slot: done.slot, result: done.result)
    }

    func close() {
        engine.close()
    }

    // MARK: Bytes

    func buffer(ofSlot slot: Int) -> any IOBuffer { buffers[slot] }

    func withBytes<R, E: Error>(
        ofSlot slot: Int, count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try engine.withByteSpan(of: slot, count: min(max(count, 0), slotSize), body)
    }
}

/// Page-aligned memory for reads and writes past the cache.
public final class HostBuffer: IOBuffer {
    private let memory: AlignedBuffer

    /// Bytes that may be used.
    public let capacity: Int

    /// Maps the pages. Throws `EINVAL` for a negative capacity, `ENOMEM`.
    public init(capacity: Int) throws(IOFailure) {
        do throws(Errno) {
            memory = try AlignedBuffer(capacity: capacity)
        } catch {
            throw IOFailure(errno: error)
        }
        self.capacity = capacity
    }

    public func withBytes<R, E: Error>(
        _ count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try memory.withBytes(count, body)
    }

    public func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try memory.withMutableBytes(count, body)
    }
}

/// The memory of one slot of an engine, for a request that carries it through the filters.
///
/// Keeps the engine's memory alive. Only the thread that carries the request touches the bytes. If
/// it touches them while the storage has the slot, the program stops rather than race with the
/// kernel.
final class HostSlotBuffer<Engine: ReadEngine>: IOBuffer, @unchecked Sendable {
    private let engine: Engine
    private let slot: Int

    init(engine: Engine, slot: Int) {
        self.engine = engine
        self.slot = slot
    }

    var capacity: Int { engine.slotSize }

    func withBytes<R, E: Error>(
        _ count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try engine.withByteSpan(of: slot, count: min(max(count, 0), engine.slotSize), body)
    }

    func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        try engine.withMutableByteSpan(
            of: slot, count: min(max(count, 0), engine.slotSize), body)
    }
}
