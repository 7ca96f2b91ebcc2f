internal import Glibc
internal import LinuxKit
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

    /// Has every page of a buffer that nobody uses yet there: the kernel need not wait for one
    /// while it copies a request. A process that is killed while it waits fails that request with
    /// EIO.
    func touch() {
        for place in stride(from: 0, to: Self.room + capacity, by: 4096) {
            unsafe memory.start.storeBytes(of: 0, toByteOffset: place, as: UInt8.self)
        }
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

/// The pages of a ``TransferBuffer``.
///
/// Small pages at first, of which only touched pages take memory; huge pages once transfers are
/// large. A disk that is given one piece of memory instead of 256 reads up to twice as fast
/// (docs/performance.md).
@safe
final class TransferMemory: @unchecked Sendable {
    /// In bytes. A smaller buffer has no reads for which huge pages would pay.
    private static let smallestHuge = 512 << 10
    /// In bytes.
    private static let page = 4096

    private let pages: MemoryMapping
    private let mayBeHuge: Bool
    /// Where a transfer may begin, in bytes from the start: so far that the largest still fits.
    private let places: ClosedRange<Int>
    /// Belongs to the thread that has the buffer, as its bytes do.
    private var isHuge = false

    /// - Parameters:
    ///   - room: bytes before the first place.
    ///   - capacity: bytes of the largest transfer.
    /// - Throws: `ENOMEM`.
    init(room: Int, capacity: Int) throws(Errno) {
        mayBeHuge = room + capacity >= Self.smallestHuge
        // Two of the largest transfers, so that a place can rest.
        pages =
            mayBeHuge
            ? try MemoryMapping(hugePagesFor: room + 2 * capacity)
            : try MemoryMapping(size: room + capacity)
        places = room...pages.size - capacity
    }

    @unsafe var start: UnsafeMutableRawPointer { unsafe pages.base }

    /// While nothing is in the buffer: its bytes are gone afterwards.
    func becomeHuge() {
        guard mayBeHuge, !isHuge else { return }
        isHuge = true
        pages.adviseHugePages()
        pages.clear()
    }

    /// The place of a transfer of `size` bytes that follows a transfer at `place`: on a page
    /// boundary, for direct I/O. Small transfers stay in one huge page.
    func place(after place: Int, _ size: Int) -> Int {
        let next = place + (size + Self.page - 1) / Self.page * Self.page
        let isInPage = next + size <= MemoryMapping.hugePageSize
        let isLarge = 2 * size > MemoryMapping.hugePageSize - places.lowerBound
        return places.contains(next) && (isInPage || isLarge) ? next : places.lowerBound
    }
}
