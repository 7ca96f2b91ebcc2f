internal import CKernelABI
package import SystemPackage

extension SystemCall {
    /// Every field that statx(2) of Linux 6.18 has a mask bit for, except the unique mount id,
    /// which would replace the mount id that /proc/self/mountinfo uses.
    package static let everything =
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
    ///
    /// - Parameter isAsked: true: the service behind a file system is asked even if the kernel
    ///   still knows the answer; ENOTCONN says that the service is gone. nil: nobody is asked,
    ///   whatever the age of what the kernel knows.
    package static func status(
        of path: FilePath, at directory: FileDescriptor? = nil, followingLinks: Bool,
        isAsked: Bool? = false
    ) throws(Errno) -> FileStatus {
        var raw = bpio_statx()
        let freshness: Int32 =
            switch isAsked {
            case true?: BPIO_AT_STATX_FORCE_SYNC
            case false?: 0
            case nil: BPIO_AT_STATX_DONT_SYNC
            }
        let flags = (followingLinks ? 0 : BPIO_AT_SYMLINK_NOFOLLOW) | freshness
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
}

/// Streams of TCP that stay within the machine (ip(7), tcp(7)).
extension SystemCall {
    /// The two addresses of the loopback interface.
    package enum Loopback: Sendable, Hashable {
        /// 127.0.0.1
        case four
        /// ::1
        case six
    }

    /// socket(2) and bind(2): A socket with O_NONBLOCK at a port, that does not listen yet. Port 0
    /// lets the kernel choose (``port(of:)``).
    ///
    /// - Throws: EADDRINUSE where another socket has the port, EACCES for a port that is root's
    ///   alone, EAFNOSUPPORT or EADDRNOTAVAIL on a machine without that address.
    package static func loopbackSocket(
        _ address: Loopback, port: UInt16
    ) throws(Errno) -> OwnedDescriptor {
        let number = try retryingInt { bpio_loopback_socket(address == .six ? 1 : 0, port) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// connect(2): Reaches what listens at a port; the socket waits in its calls.
    package static func connectToLoopback(
        _ address: Loopback, port: UInt16
    ) throws(Errno) -> OwnedDescriptor {
        let number = try retryingInt { bpio_loopback_connect(address == .six ? 1 : 0, port) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: number))
    }

    /// getsockname(2): The port that a socket of TCP has.
    package static func port(of socket: FileDescriptor) throws(Errno) -> UInt16 {
        UInt16(truncatingIfNeeded: try retryingInt { bpio_socket_port(socket.rawValue) })
    }
}
