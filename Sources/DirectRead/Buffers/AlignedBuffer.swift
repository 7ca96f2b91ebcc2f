public import SystemPackage

/// A buffer that starts on a page boundary, for transfers that are not worth a queue.
///
/// Starts as zeroes. The bytes belong to one user at a time: a caller that lends them must ensure
/// that no thread reads while another writes.
@safe
public final class AlignedBuffer: @unchecked Sendable {
    /// Bytes that may be used.
    public let capacity: Int

    private let slab: BufferSlab
    private let start: UnsafeMutablePointer<UInt8>

    /// Maps the pages.
    ///
    /// - Parameter capacity: bytes, 0 or more.
    /// - Throws: `EINVAL` for a negative capacity, `EOVERFLOW`, `ENOMEM`.
    public init(capacity: Int) throws(Errno) {
        guard capacity >= 0 else { throw .invalidArgument }
        slab = try BufferSlab(slotCount: 1, slotSize: max(capacity, 1))
        unsafe start = slab.base.assumingMemoryBound(to: UInt8.self)
        self.capacity = capacity
    }

    /// Lends the first `count` bytes for reading; `count` is cut to ``capacity``.
    @inline(__always)
    public func withBytes<R, E: Error>(
        _ count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let count = min(max(count, 0), capacity)
        return try unsafe body(Span(_unsafeStart: start, count: count))
    }

    /// Lends the first `count` bytes for writing; `count` is cut to ``capacity``.
    @inline(__always)
    public func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        var span = unsafe MutableSpan(
            _unsafeStart: start, count: min(max(count, 0), capacity))
        return try body(&span)
    }
}
