/// Many reads at once for one thread, each in a numbered slot with memory of its own.
///
/// All members but ``wake`` are called on the thread that made the engine. Starting and finishing a
/// read allocates nothing, locks nothing and touches no reference count.
public protocol StorageReadEngine: AnyObject {
    /// How many reads may be in flight.
    var depth: Int { get }
    /// Bytes of memory of each slot.
    var slotSize: Int { get }
    /// The mechanism that carries the reads, for people, e.g. `io_uring, registered buffers`.
    var summary: String { get }
    /// True on the thread that the engine belongs to. Callable from any thread, also after the
    /// engine is gone.
    var isOwnedByCurrentThread: @Sendable () -> Bool { get }

    /// Makes `handle` known. ``start(slot:file:offset:length:)`` takes the returned index.
    func register(_ handle: StorageHandle) throws(IOFailure) -> Int32
    /// Forgets the handle. No read of it may be in flight.
    func unregister(_ index: Int32)

    /// Queues a read into slot `slot`, which must be free; `length` at most ``slotSize``.
    func start(slot: Int, file: Int32, offset: UInt64, length: Int)
    /// Submits the queued reads, and waits until `minimum` reads are done that ``nextCompletion()``
    /// has not returned yet. With `wakeable` the wait also ends when a thread calls ``wake``; then
    /// no read need be in flight.
    func submit(waitingFor minimum: Int, wakeable: Bool) throws(IOFailure)
    /// A read that is done, in any order; nil if none is.
    func nextCompletion() -> StorageCompletion?

    /// A slot's memory, for a request that carries it.
    func buffer(ofSlot slot: Int) -> any IOBuffer
    /// Lends the first `count` bytes of a slot.
    func withBytes<R, E: Error>(
        ofSlot slot: Int, count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R
    /// Ends the reads in flight, whose completions are lost, and frees everything. Only ``wake``
    /// may be called afterwards.
    func close()

    /// Ends a wakeable wait early, or the next one if none is under way. Callable from any thread,
    /// also after the engine is gone.
    var wake: @Sendable () -> Void { get }
}
