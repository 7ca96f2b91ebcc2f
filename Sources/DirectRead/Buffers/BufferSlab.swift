import Glibc
import LinuxKit
public import SystemPackage

/// `slotCount` buffers of `slotSize` bytes in one mapping, each starting on a page boundary and so
/// aligned for direct I/O on every file system whose block is at most a page.
///
/// Slots start as zeroes. Any thread; the pages go back when the value ends.
@safe
public struct BufferSlab: ~Copyable {
    /// Buffers in the slab.
    public let slotCount: Int
    /// Bytes of each buffer that may be used.
    public let slotSize: Int
    /// Bytes from one buffer to the next: `slotSize` rounded up to whole pages.
    public let stride: Int

    private let pages: MemoryMapping

    /// Maps the slab.
    ///
    /// - Parameters:
    ///   - slotCount: 1 or more.
    ///   - slotSize: bytes, 1 or more.
    ///   - hugePages: whether to ask for huge pages if the slab spans at least one.
    /// - Throws: `EINVAL` for a size below 1, `EOVERFLOW` if the slab exceeds the address space, or
    ///   the error of `mmap`, e.g. `ENOMEM`.
    public init(slotCount: Int, slotSize: Int, hugePages: Bool = true) throws(Errno) {
        guard slotCount > 0, slotSize > 0 else { throw .invalidArgument }
        let page = sysconf(CInt(_SC_PAGESIZE))
        let (padded, padOverflow) = slotSize.addingReportingOverflow(page - 1)
        let stride = padded / page * page
        let (size, sizeOverflow) = stride.multipliedReportingOverflow(by: slotCount)
        guard !padOverflow, !sizeOverflow else { throw .overflow }
        pages = try MemoryMapping(size: size)
        self.slotCount = slotCount
        self.slotSize = slotSize
        self.stride = stride
        if hugePages, size >= MemoryMapping.hugePageSize { pages.adviseHugePages() }
    }

    /// The first `count` bytes of a buffer.
    @_lifetime(borrow self)
    public func bytes(ofSlot slot: Int, count: Int) -> RawSpan {
        precondition(count >= 0 && count <= slotSize, "byte count beyond the slot")
        let span = unsafe RawSpan(_unsafeStart: address(ofSlot: slot), byteCount: count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// The whole of a buffer, to change in place.
    @_lifetime(&self)
    public mutating func mutableBytes(ofSlot slot: Int) -> MutableRawSpan {
        let span = unsafe MutableRawSpan(
            _unsafeStart: address(ofSlot: slot), byteCount: slotSize)
        return unsafe _overrideLifetime(span, mutating: &self)
    }

    /// The start of a buffer. Valid as long as the slab.
    @unsafe
    func address(ofSlot slot: Int) -> UnsafeMutableRawPointer {
        precondition(slot >= 0 && slot < slotCount, "no such slot")
        return unsafe pages.base + slot &* stride
    }

    /// First byte of the slab, for registering all of it.
    @unsafe var base: UnsafeMutableRawPointer { unsafe pages.base }

    /// Bytes mapped: `slotCount` times `stride`.
    public var byteCount: Int { pages.size }

    /// Leaves the pages mapped for ever, for a slab that the kernel may still write to.
    consuming func abandon() {
        pages.abandon()
    }
}

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
