/// Memory that data is read into or written from, aligned as the storage needs it.
///
/// A buffer belongs to one request at a time; whoever carries that request may touch the bytes.
/// The storage driver makes them (``StorageDriver/makeBuffer(capacity:)``), because only it knows
/// the alignment.
public protocol IOBuffer: AnyObject, Sendable {
    /// Size in bytes.
    var capacity: Int { get }

    /// Lends the first `count` bytes for reading. `count` is cut to ``capacity``.
    func withBytes<R, E: Error>(
        _ count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R

    /// Lends the first `count` bytes for writing. `count` is cut to ``capacity``.
    func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R
}
