internal import Glibc
public import SystemPackage

/// Memory for one message: room for headers, and behind it, on a page boundary, the data.
///
/// A WRITE is received so that its data begins on the boundary, and a READ is answered from there,
/// so the same memory can be read into and written from past the cache. It belongs to one request
/// at a time; the thread that carries that request may touch it.
@safe
public final class TransferBuffer: @unchecked Sendable {
    /// Before the data, in bytes: a page, of which the headers use the end.
    @usableFromInline package static let room = 4096
    /// Of the data, in bytes.
    public let capacity: Int
    @usableFromInline private(set) var data: UnsafeMutableRawPointer

    private let memory: TransferMemory

    /// Maps the pages. Throws `EINVAL` for a negative capacity or one over 1 GiB, `ENOMEM`.
    public init(capacity: Int) throws(Errno) {
        guard capacity >= 0, capacity <= 1 << 30 else { throw .invalidArgument }
        memory = try TransferMemory(room: Self.room, capacity: capacity)
        self.capacity = capacity
        unsafe data = memory.start + Self.room
    }

    /// Of a transfer, in bytes: from here on a disk gains by huge pages, and by memory that no
    /// processor has in its cache.
    private static let large = 64 << 10

    /// Before a transfer of `size` bytes, while nothing is in the buffer: from the first large one
    /// on it takes huge pages.
    ///
    /// - Parameter fromDisk: the bytes come past the cache. Then each large transfer has another
    ///   place in the memory. An answer copies the bytes, so that they lie in that processor's
    ///   cache; a disk that writes to the same place next has to get them out of there first. A
    ///   virtual disk read half as much again into places that had rested (docs/performance.md).
    ///   Bytes from the page cache, however, are copied faster by way of the place that was used
    ///   last.
    func prepare(toHold size: Int, fromDisk: Bool) {
        guard size >= Self.large else { return }
        memory.becomeHuge()
        let place = fromDisk ? memory.place(after: unsafe data - memory.start, size) : Self.room
        unsafe data = memory.start + place
    }

    /// Lends the first `count` bytes of the data for reading. `count` is cut to ``capacity``.
    @inlinable
    public func withBytes<R, E: Error>(
        _ count: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let length = min(max(count, 0), capacity)
        let start = unsafe data.assumingMemoryBound(to: UInt8.self)
        return try body(unsafe Span(_unsafeStart: start, count: length))
    }

    /// Lends the first `count` bytes of the data for writing. `count` is cut to ``capacity``.
    @inlinable
    public func withMutableBytes<R, E: Error>(
        _ count: Int, _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let length = min(max(count, 0), capacity)
        let start = unsafe data.assumingMemoryBound(to: UInt8.self)
        var span = unsafe MutableSpan(_unsafeStart: start, count: length)
        return try body(&span)
    }

    /// Where the data begins, for the kernel to write to. Valid as long as the buffer.
    @unsafe package var start: UnsafeMutableRawPointer { unsafe data }

    // MARK: Messages

    /// Lends a message of which `header` bytes lie before the data and `body` bytes are data.
    package func withMessage<R, E: Error>(
        header: Int, body: Int, _ use: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(header >= 0 && header <= Self.room && body >= 0 && body <= capacity)
        let start = unsafe (data - header).assumingMemoryBound(to: UInt8.self)
        return try use(unsafe Span(_unsafeStart: start, count: header + body))
    }

    /// As ``withMessage(header:body:_:)``, for writing: all the data, behind `header` bytes.
    func withMutableMessage<R, E: Error>(
        header: Int, _ use: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(header >= 0 && header <= Self.room)
        let start = unsafe (data - header).assumingMemoryBound(to: UInt8.self)
        var span = unsafe MutableSpan(_unsafeStart: start, count: header + capacity)
        return try use(&span)
    }
}
