internal import CKernelABI
internal import Glibc
package import SystemPackage

/// Pages of this process, unmapped when the value ends.
///
/// A forked child does not inherit them: the kernel writes into them for the parent, and
/// copy-on-write would part the two views.
@safe
package struct MemoryMapping: ~Copyable {
    package let base: UnsafeMutableRawPointer
    /// In bytes.
    package let size: Int

    /// Bytes of a huge page on the supported architectures.
    package static let hugePageSize = 2 << 20

    /// Maps `size` bytes of a descriptor at `offset`, or of zeroes if there is no descriptor.
    package init(size: Int, descriptor: CInt? = nil, offset: Int = 0) throws(Errno) {
        let kind = descriptor == nil ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | MAP_POPULATE
        let start = unsafe mmap(
            nil, size, PROT_READ | PROT_WRITE, kind, descriptor ?? -1, off_t(offset))
        // MAP_FAILED is a macro that Swift does not import: all bits set.
        guard let start = unsafe start, unsafe start != UnsafeMutableRawPointer(bitPattern: -1)
        else { throw Errno(rawValue: errno) }
        guard unsafe madvise(start, size, MADV_DONTFORK) == 0 else {
            let code = errno
            unsafe munmap(start, size)
            throw Errno(rawValue: code)
        }
        unsafe base = start
        self.size = size
    }

    /// Maps zeroes aligned to huge pages: `size` bytes, rounded up to whole huge pages.
    package init(hugePagesFor size: Int) throws(Errno) {
        let page = Self.hugePageSize
        let (padded, overflow) = size.addingReportingOverflow(page * 2 - 1)
        guard size > 0, !overflow else { throw .overflow }
        let length = (padded - page) / page * page
        let around = try MemoryMapping(size: length + page)
        let start = unsafe around.base
        let before = -Int(bitPattern: start) & (page - 1)
        around.abandon()
        if before > 0 { unsafe munmap(start, before) }
        if page > before { unsafe munmap(start + before + length, page - before) }
        unsafe base = start + before
        self.size = length
    }

    /// Asks for huge pages. They make big buffers cheaper to register, to pin and to read into: a
    /// disk gets one piece of memory instead of one for every 4 KiB. Advice only.
    package func adviseHugePages() {
        _ = unsafe madvise(base, size, MADV_HUGEPAGE)
    }

    /// Discards the pages' content. They are zeroes at the next access.
    package func clear() {
        _ = unsafe madvise(base, size, MADV_DONTNEED)
    }

    /// Gives the pages up without unmapping them, for memory that the kernel may still write.
    package consuming func abandon() {
        discard self
    }

    deinit {
        unsafe munmap(base, size)
    }
}

extension SystemCall {
    /// Gives the pages that the allocator keeps, and that hold nothing, back to the kernel
    /// (malloc_trim(3)). Takes milliseconds for each 100 MiB, in which other threads may wait for
    /// their allocations: for moments after which a process needs much less than before.
    package static func giveBackFreeMemory() { bpio_give_back_free_memory() }
}
