internal import CKernelABI
internal import Glibc
public import SystemPackage

extension SystemCall {
    /// pread(2): Read into `buffer` from `offset` bytes on; fewer bytes, or 0, at the end.
    package static func read(
        _ descriptor: FileDescriptor, into buffer: inout MutableRawSpan, at offset: Int64
    ) throws(Errno) -> Int {
        let count = try unsafe buffer.withUnsafeMutableBytes {
            (bytes: UnsafeMutableRawBufferPointer) throws(Errno) -> Int64 in
            try retrying {
                unsafe bpio_pread(descriptor.rawValue, bytes.baseAddress, bytes.count, offset)
            }
        }
        return Int(count)
    }

    /// pwrite(2): Write `bytes` at `offset`; may write fewer.
    package static func write(
        _ bytes: RawSpan, to descriptor: FileDescriptor, at offset: Int64
    ) throws(Errno) -> Int {
        let count = try unsafe bytes.withUnsafeBytes {
            (source: UnsafeRawBufferPointer) throws(Errno) -> Int64 in
            try retrying {
                unsafe bpio_pwrite(descriptor.rawValue, source.baseAddress, source.count, offset)
            }
        }
        return Int(count)
    }

    /// The position that lseek(2) counts from.
    package enum SeekOrigin: Sendable {
        case start, current, end
        /// SEEK_DATA: the first byte at or behind the offset that holds data; ENXIO if none.
        case data
        /// SEEK_HOLE: the first byte at or behind the offset in a hole; the end of the file counts
        /// as a hole.
        case hole

        fileprivate var raw: CInt {
            switch self {
            case .start: BPIO_SEEK_SET
            case .current: BPIO_SEEK_CUR
            case .end: BPIO_SEEK_END
            case .data: BPIO_SEEK_DATA
            case .hole: BPIO_SEEK_HOLE
            }
        }
    }

    /// lseek(2): Move the position of the open file description, and return it, in bytes.
    @discardableResult
    package static func seek(
        _ descriptor: FileDescriptor, to offset: Int64, from origin: SeekOrigin = .start
    ) throws(Errno) -> Int64 {
        try retrying { bpio_lseek(descriptor.rawValue, offset, origin.raw) }
    }

    /// ftruncate(2): Set the size, bytes.
    package static func truncate(
        _ descriptor: FileDescriptor, to size: Int64
    ) throws(Errno) {
        _ = try retryingInt { bpio_ftruncate(descriptor.rawValue, size) }
    }

    /// truncate(2) of an open file, which may be an O_PATH descriptor. If the size does not change,
    /// some file systems leave the file's times alone, where ftruncate(2) moves them.
    package static func truncateByName(
        _ descriptor: FileDescriptor, to size: Int64
    ) throws(Errno) {
        try unsafe withName(magicLink(of: descriptor)) { unsafe bpio_truncate($0, size) }
    }

    /// Modes of fallocate(2); none: allocate, and grow the file.
    package struct AllocationMode: OptionSet, Sendable, Hashable {
        package var rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }

        package static let keepSize = AllocationMode(rawValue: BPIO_FALLOC_KEEP_SIZE)
        /// Needs ``keepSize`` beside it.
        package static let punchHole = AllocationMode(rawValue: BPIO_FALLOC_PUNCH_HOLE)
        package static let zeroRange = AllocationMode(rawValue: BPIO_FALLOC_ZERO_RANGE)
        package static let collapseRange = AllocationMode(rawValue: BPIO_FALLOC_COLLAPSE_RANGE)
        package static let insertRange = AllocationMode(rawValue: BPIO_FALLOC_INSERT_RANGE)
    }

    /// fallocate(2): Reserve, zero or punch `length` bytes from `offset` on.
    package static func allocate(
        _ descriptor: FileDescriptor, _ mode: AllocationMode = [], offset: Int64, length: Int64
    ) throws(Errno) {
        _ = try retryingInt {
            bpio_fallocate(descriptor.rawValue, mode.rawValue, offset, length)
        }
    }

    /// fsync(2): Data and metadata to the device.
    package static func sync(_ descriptor: FileDescriptor) throws(Errno) {
        _ = try retryingInt { bpio_fsync(descriptor.rawValue) }
    }

    /// fdatasync(2): Data, and the metadata needed to read it back, to the device.
    package static func syncData(_ descriptor: FileDescriptor) throws(Errno) {
        _ = try retryingInt { bpio_fdatasync(descriptor.rawValue) }
    }

    /// syncfs(2): The whole file system to the device.
    package static func syncFileSystem(_ descriptor: FileDescriptor) throws(Errno) {
        _ = try retryingInt { bpio_syncfs(descriptor.rawValue) }
    }

    /// copy_file_range(2): Copy inside the kernel, both offsets explicit; 0 at the source's end.
    package static func copy(
        from source: FileDescriptor, at sourceOffset: Int64, to destination: FileDescriptor,
        at offset: Int64, count: Int
    ) throws(Errno) -> Int {
        Int(
            try retrying {
                bpio_copy_file_range(
                    source.rawValue, sourceOffset, destination.rawValue, offset, count)
            })
    }

    /// ioctl_ficlone(2): Make an empty file share all blocks of another.
    ///
    /// - Throws: EOPNOTSUPP, EXDEV or EINVAL where the file system cannot.
    package static func clone(
        _ source: FileDescriptor, to destination: FileDescriptor
    ) throws(Errno) {
        _ = try retryingInt { bpio_clone(source.rawValue, destination.rawValue) }
    }

    /// Pages of a file in the page cache (cachestat(2), Linux 6.5).
    package struct CacheStatus: Sendable, Hashable {
        package var cached: UInt64
        package var dirty: UInt64
        package var writeback: UInt64
    }

    /// cachestat(2): Page-cache pages of a byte range; length 0 reaches to the end.
    package static func cacheStatus(
        of descriptor: FileDescriptor, offset: UInt64 = 0, length: UInt64 = 0
    ) throws(Errno) -> CacheStatus {
        var raw = bpio_cachestat()
        _ = try retryingInt {
            unsafe bpio_cachestat_of(descriptor.rawValue, offset, length, &raw)
        }
        return CacheStatus(
            cached: raw.nr_cache, dirty: raw.nr_dirty, writeback: raw.nr_writeback)
    }
}

/// `pread`, repeated while a signal interrupts it. Returns the bytes read, or a negated `errno`.
package func positionalRead(
    descriptor: CInt, into start: UnsafeMutableRawPointer?, count: Int, offset: UInt64
) -> Int {
    guard let position = off_t(exactly: offset) else { return Int(-EINVAL) }
    while true {
        let outcome = unsafe pread(descriptor, start, count, position)
        guard outcome < 0 else { return outcome }
        let code = errno
        guard code == EINTR else { return Int(-code) }
    }
}

/// A read or write on the calling thread. Its outcome is a number, so that nothing is thrown, boxed
/// or counted on the way.
public enum SynchronousTransfer {
    /// `pread(2)`, repeated while a signal interrupts it. Returns the bytes read, fewer than the
    /// span at the end of the file, or a negated `errno`.
    @inline(never)
    public static func read(
        _ fd: FileDescriptor, into buffer: inout MutableSpan<UInt8>, at offset: UInt64
    ) -> Int {
        unsafe buffer.withUnsafeMutableBufferPointer { bytes in
            unsafe positionalRead(
                descriptor: fd.rawValue, into: UnsafeMutableRawPointer(bytes.baseAddress),
                count: bytes.count, offset: offset)
        }
    }

    /// `pwrite(2)`, repeated while a signal interrupts it. Returns the bytes written, or a negated
    /// `errno`.
    @inline(never)
    public static func write(
        _ fd: FileDescriptor, from bytes: Span<UInt8>, at offset: UInt64
    ) -> Int {
        guard let position = off_t(exactly: offset) else { return Int(-EINVAL) }
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            while true {
                let outcome = unsafe pwrite(
                    fd.rawValue, bytes.baseAddress, bytes.count, position)
                guard outcome < 0 else { return outcome }
                let code = errno
                guard code == EINTR else { return Int(-code) }
            }
        }
    }
}
