internal import CKernelABI
package import SystemPackage

extension SystemCall {
    /// fanotify_init(2): A group whose events name directory, name and file.
    ///
    /// - Throws: EPERM without CAP_SYS_ADMIN, EINVAL before Linux 5.17.
    package static func openWatch() throws(Errno) -> OwnedDescriptor {
        let watch = try retryingInt { bpio_watch_open() }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: watch))
    }

    /// fanotify_mark(2): Every event of `mask` on the file system of an open directory.
    ///
    /// - Throws: EBADF for O_PATH; ENODEV, EOPNOTSUPP, EXDEV if the file system cannot name its
    ///   files.
    package static func watch(
        fileSystemOf directory: FileDescriptor, for mask: UInt64, by watch: FileDescriptor
    ) throws(Errno) {
        _ = try retryingInt {
            bpio_watch_file_system(watch.rawValue, directory.rawValue, mask)
        }
    }

    /// read(2) of a watch: Bytes of whole events; 0 if there are none.
    package static func events(
        of watch: FileDescriptor, into buffer: inout [UInt8]
    ) throws(Errno) -> Int {
        let count = try retrying {
            unsafe buffer.withUnsafeMutableBytes { bytes in
                guard let start = bytes.baseAddress else { return 0 }
                return unsafe bpio_watch_read(watch.rawValue, start, bytes.count)
            }
        }
        return Int(count)
    }

    /// poll(2): Which of two descriptors can be read, after at most `milliseconds` (-1: no limit).
    package static func wait(
        _ first: FileDescriptor, or second: FileDescriptor, milliseconds: Int32
    ) throws(Errno) -> (first: Bool, second: Bool) {
        let ready = try retryingInt {
            bpio_watch_wait(first.rawValue, second.rawValue, milliseconds)
        }
        return (ready & 1 != 0, ready & 2 != 0)
    }

    /// poll(2): Whether something exceptional happened to a file of the kernel's since the last
    /// call (POLLPRI, POLLERR): areas that came or went, for /proc/swaps. True if the kernel cannot
    /// say.
    package static func isExceptional(_ descriptor: FileDescriptor) -> Bool {
        bpio_watch_exception(descriptor.rawValue) != 0
    }

    /// name_to_handle_at(2) of an open file.
    ///
    /// - Throws: EOPNOTSUPP if the file system has no handles.
    package static func handle(of file: FileDescriptor) throws(Errno) -> KernelFileHandle {
        var bytes = [UInt8](repeating: 0, count: 128)
        var type: Int32 = 0
        let length = try retryingInt {
            unsafe bytes.withUnsafeMutableBytes { room in
                guard let start = room.baseAddress else { return -Errno.noMemory.rawValue }
                return unsafe bpio_file_handle(file.rawValue, start, room.count, &type)
            }
        }
        return KernelFileHandle(type: type, bytes: Array(bytes.prefix(Int(length))))
    }

    /// open_by_handle_at(2): Open a file on the file system of `directory` (not O_PATH).
    ///
    /// - Throws: ESTALE if there is no such file any more, EPERM without CAP_DAC_READ_SEARCH.
    package static func open(
        _ handle: KernelFileHandle, onFileSystemOf directory: FileDescriptor, _ flags: OpenFlags
    ) throws(Errno) -> OwnedDescriptor {
        let file = try retryingInt {
            unsafe handle.bytes.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return -Errno.invalidArgument.rawValue }
                return unsafe bpio_open_file_handle(
                    directory.rawValue, start, bytes.count, handle.type, flags.rawValue)
            }
        }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: file))
    }

    /// XFS_IOC_FSBULKSTAT_SINGLE: The generation in a file's handle on XFS.
    ///
    /// - Throws: EINVAL for an inode that is not in use, EPERM without CAP_SYS_ADMIN, ENOTTY on
    ///   other file systems.
    package static func generationOnXFS(
        of inode: UInt64, onFileSystemOf directory: FileDescriptor
    ) throws(Errno) -> UInt32 {
        var generation: UInt32 = 0
        _ = try retryingInt {
            unsafe bpio_xfs_generation(directory.rawValue, inode, &generation)
        }
        return generation
    }
}
