internal import CKernelABI
internal import Glibc
package import SystemPackage

/// The system calls of the host file system, one function each, named after its manual page.
///
/// Every function retries when a signal interrupts it (EINTR), throws the kernel's `Errno`, and
/// takes and returns safe types only. Descriptors may be shared between threads; the functions keep
/// no state of their own.
package enum SystemCall {
    /// Runs a call that returns a value or -errno until no signal interrupts it.
    @inline(__always)
    package static func retrying(_ call: () -> Int64) throws(Errno) -> Int64 {
        while true {
            let result = call()
            if result >= 0 { return result }
            let error = Errno(rawValue: CInt(truncatingIfNeeded: -result))
            if error != .interrupted { throw error }
        }
    }

    /// As ``retrying(_:)``, for calls that return an `int`.
    @inline(__always)
    package static func retryingInt(_ call: () -> CInt) throws(Errno) -> CInt {
        CInt(truncatingIfNeeded: try retrying { Int64(call()) })
    }
}

extension SystemCall {
    /// How often openat2(2) is tried again after a rename beneath the root raced with it (EAGAIN).
    package static let beneathAttempts = 64

    /// open(2): Open by path, O_CLOEXEC added.
    package static func open(
        _ path: FilePath, _ flags: OpenFlags, mode: UInt32 = 0
    ) throws(Errno) -> OwnedDescriptor {
        try open(path, at: nil, flags, mode: mode)
    }

    /// openat(2): Open relative to a directory (nil: the working directory), O_CLOEXEC added.
    package static func open(
        _ path: FilePath, at directory: FileDescriptor?, _ flags: OpenFlags, mode: UInt32 = 0
    ) throws(Errno) -> OwnedDescriptor {
        let raw = flags.union(.closeOnExec).rawValue
        let opened = try unsafe withName(path) {
            unsafe bpio_openat(number(of: directory), $0, raw, mode)
        }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: opened))
    }

    /// openat2(2): Open `path` without ever leaving `root`.
    ///
    /// - Parameter resolve: joined with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS.
    /// - Throws: EXDEV if the path leads out of `root`, EAGAIN if renames raced with the walk
    ///   ``beneathAttempts`` times, ENOSYS before Linux 5.6, and the errors of open(2).
    package static func open(
        _ path: FilePath, beneath root: FileDescriptor, _ flags: OpenFlags, mode: UInt32 = 0,
        resolve: ResolveFlags = []
    ) throws(Errno) -> OwnedDescriptor {
        // openat2 refuses a mode without O_CREAT; open ignores it.
        let creates = flags.contains(.create) || flags.contains(.unnamed)
        var how = bpio_open_how(
            flags: UInt64(UInt32(bitPattern: flags.union(.closeOnExec).rawValue)),
            mode: creates ? UInt64(mode) : 0,
            resolve: resolve.union([.beneath, .noMagicLinks]).rawValue)
        for attempt in 1...beneathAttempts {
            do {
                let opened = try unsafe withName(path) {
                    unsafe bpio_openat2(root.rawValue, $0, &how)
                }
                return OwnedDescriptor(owning: FileDescriptor(rawValue: opened))
            } catch {
                guard error == .resourceTemporarilyUnavailable, attempt < beneathAttempts else {
                    throw error
                }
            }
        }
        throw .resourceTemporarilyUnavailable
    }

    /// open(2) of /proc/self/fd/N: Open the same file again with other flags.
    ///
    /// Turns an O_PATH descriptor into one for data. Follows the descriptor, not the name: the file
    /// may have been renamed or unlinked. Never use it on symbolic links (ELOOP) or sockets
    /// (ENXIO).
    package static func reopen(
        _ descriptor: FileDescriptor, _ flags: OpenFlags
    ) throws(Errno) -> OwnedDescriptor {
        try open(magicLink(of: descriptor), flags)
    }

    /// As ``reopen(_:_:)``, with a walk of one name instead of four, which is cheaper by a
    /// microsecond.
    ///
    /// - Parameter links: of ``openOwnLinks()``.
    package static func reopen(
        _ descriptor: FileDescriptor, _ flags: OpenFlags, among links: FileDescriptor
    ) throws(Errno) -> OwnedDescriptor {
        let raw = flags.union(.closeOnExec).rawValue
        let opened = try retryingInt {
            bpio_reopen(links.rawValue, descriptor.rawValue, raw)
        }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: opened))
    }

    /// The directory of this process' descriptors, for ``reopen(_:_:among:)``. In a child that was
    /// forked it would still be the parent's.
    package static func openOwnLinks() throws(Errno) -> OwnedDescriptor {
        try open("/proc/self/fd", [.pathOnly, .directory])
    }

    /// fcntl(2) F_DUPFD_CLOEXEC: A second descriptor for the same open file description.
    package static func duplicate(
        _ descriptor: FileDescriptor
    ) throws(Errno) -> OwnedDescriptor {
        let copy = try retryingInt { bpio_duplicate(descriptor.rawValue) }
        return OwnedDescriptor(owning: FileDescriptor(rawValue: copy))
    }

    /// dup3(2): Makes `descriptor` refer to the file of `other` and no longer to its own. Calls
    /// under way finish on the earlier file.
    package static func replace(
        _ descriptor: FileDescriptor, by other: FileDescriptor
    ) throws(Errno) {
        _ = try retryingInt { bpio_replace(descriptor.rawValue, other.rawValue) }
    }

    /// fcntl(2) F_GETFL: Status flags of the open file description.
    package static func statusFlags(
        _ descriptor: FileDescriptor
    ) throws(Errno) -> OpenFlags {
        OpenFlags(rawValue: try retryingInt { bpio_status_flags(descriptor.rawValue) })
    }

    /// fcntl(2) F_SETFL: Change O_APPEND, O_DIRECT, O_NOATIME or O_NONBLOCK.
    package static func setStatusFlags(
        _ descriptor: FileDescriptor, _ flags: OpenFlags
    ) throws(Errno) {
        _ = try retryingInt { bpio_set_status_flags(descriptor.rawValue, flags.rawValue) }
    }

    /// The path that leads to the descriptor's file (proc(5)).
    package static func magicLink(of descriptor: FileDescriptor) -> FilePath {
        FilePath("/proc/self/fd/\(descriptor.rawValue)")
    }

    package static func number(of directory: FileDescriptor?) -> CInt {
        directory?.rawValue ?? BPIO_AT_FDCWD
    }

    /// realpath(3): The absolute path without links. The file at its end is not asked: it may be on
    /// a file system whose service is gone.
    package static func realPath(_ path: FilePath) throws(Errno) -> FilePath {
        let resolved = unsafe path.withPlatformString { name -> FilePath? in
            guard let text = unsafe realpath(name, nil) else { return nil }
            defer { unsafe free(text) }
            return unsafe FilePath(platformString: text)
        }
        guard let resolved else { throw Errno(rawValue: errno) }
        return resolved
    }
}
