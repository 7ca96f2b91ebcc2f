internal import CKernelABI
internal import Glibc
package import SystemPackage

extension SystemCall {
    /// Every field that statx(2) of Linux 6.18 has a mask bit for, except the unique mount id,
    /// which would replace the mount id that /proc/self/mountinfo uses.
    static let everything =
        BPIO_STATX_BASIC_STATS | BPIO_STATX_BTIME | BPIO_STATX_MNT_ID | BPIO_STATX_DIOALIGN
        | BPIO_STATX_SUBVOL | BPIO_STATX_DIO_READ_ALIGN

    /// statx(2) with AT_EMPTY_PATH: Status of an open file, O_PATH included.
    package static func status(of descriptor: FileDescriptor) throws(Errno) -> FileStatus {
        var raw = bpio_statx()
        _ = try retryingInt {
            unsafe bpio_statx_at(
                descriptor.rawValue, "", BPIO_AT_EMPTY_PATH, everything, &raw)
        }
        return FileStatus(raw)
    }

    /// statx(2): Status by path, relative to a directory (nil: the working directory).
    package static func status(
        of path: FilePath, at directory: FileDescriptor? = nil, followingLinks: Bool
    ) throws(Errno) -> FileStatus {
        var raw = bpio_statx()
        let flags = followingLinks ? 0 : BPIO_AT_SYMLINK_NOFOLLOW
        try unsafe withName(path) { name in
            unsafe bpio_statx_at(number(of: directory), name, flags, everything, &raw)
        }
        return FileStatus(raw)
    }

    /// fstatfs(2): The file system that holds an open file, O_PATH included.
    package static func fileSystemStatus(
        of descriptor: FileDescriptor
    ) throws(Errno) -> FileSystemStatus {
        var raw = bpio_statfs()
        _ = try retryingInt { unsafe bpio_fstatfs(descriptor.rawValue, &raw) }
        return FileSystemStatus(raw)
    }

    /// statfs(2): The file system that holds a path.
    package static func fileSystemStatus(of path: FilePath) throws(Errno) -> FileSystemStatus {
        var raw = bpio_statfs()
        try unsafe withName(path) { name in
            unsafe bpio_statfs_at(name, &raw)
        }
        return FileSystemStatus(raw)
    }

    /// faccessat(2): Whether the process's real user may read (4), write (2), execute (1) a path.
    package static func access(
        _ path: FilePath, at directory: FileDescriptor? = nil, mode: Int32
    ) throws(Errno) {
        try unsafe withName(path) { name in
            unsafe bpio_accessat(number(of: directory), name, mode, 0)
        }
    }

    /// clock_gettime(2), CLOCK_REALTIME_COARSE: Now, as the kernel stamps files; nil before 1970.
    static var fileTime: FileStatus.Time? {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time) == 0, time.tv_sec >= 0 else {
            return nil
        }
        return FileStatus.Time(
            seconds: Int64(time.tv_sec), nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec))
    }
}
