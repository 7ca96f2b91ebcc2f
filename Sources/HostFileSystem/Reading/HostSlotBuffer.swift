internal import DirectRead
internal import IOStack

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
