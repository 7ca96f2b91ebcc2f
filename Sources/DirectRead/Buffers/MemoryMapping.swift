import Glibc
import SystemPackage

/// Pages of this process, unmapped when the value ends.
///
/// A forked child does not inherit them: the kernel writes into them on the parent's behalf, and
/// copy-on-write would part the two views.
@safe
struct MemoryMapping: ~Copyable {
    let base: UnsafeMutableRawPointer
    let size: Int

    /// Maps `size` bytes of a descriptor at `offset`, or of zeroes when there is no descriptor.
    init(size: Int, descriptor: CInt? = nil, offset: Int = 0) throws(Errno) {
        let kind = descriptor == nil ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED | MAP_POPULATE
        let start = unsafe mmap(
            nil, size, PROT_READ | PROT_WRITE, kind, descriptor ?? -1, off_t(offset))
        // MAP_FAILED is a macro Swift does not import: all bits set.
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

    /// Asks for huge pages, which make registering and reading big buffers cheaper. Advice only.
    func adviseHugePages() {
        _ = unsafe madvise(base, size, MADV_HUGEPAGE)
    }

    /// Gives the pages up without unmapping them, for memory that the kernel may still write.
    consuming func abandon() {
        discard self
    }

    deinit {
        unsafe munmap(base, size)
    }
}
