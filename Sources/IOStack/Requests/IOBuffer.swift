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
        _ count: Int, _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R

    /// Lends the first `count` bytes for writing. `count` is cut to ``capacity``.
    func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableRawSpan) throws(E) -> R
    ) throws(E) -> R
}

/// A buffer on the heap, for storage without an alignment rule and for tests.
public final class HeapBuffer: IOBuffer, @unchecked Sendable {
    private var bytes: [UInt8]

    public init(capacity: Int) {
        precondition(capacity >= 0)
        bytes = [UInt8](repeating: 0, count: capacity)
    }

    public init(_ content: [UInt8]) {
        bytes = content
    }

    public var capacity: Int { bytes.count }

    public func withBytes<R, E: Error>(
        _ count: Int, _ body: (RawSpan) throws(E) -> R
    ) throws(E) -> R {
        let span = bytes.span.bytes
        return try body(span.extracting(first: min(max(count, 0), bytes.count)))
    }

    public func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableRawSpan) throws(E) -> R
    ) throws(E) -> R {
        let wanted = min(max(count, 0), bytes.count)
        var all = bytes.mutableSpan
        var span = all.mutableBytes
        var part = span.extracting(first: wanted)
        return try body(&part)
    }
}
