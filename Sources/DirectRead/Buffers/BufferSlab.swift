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
