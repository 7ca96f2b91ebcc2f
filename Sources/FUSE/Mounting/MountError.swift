public import SystemPackage

/// Why a file system could not be mounted or unmounted: what was asked, where, why it failed, and
/// what to do.
public struct MountError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The kernel has no FUSE, or this machine hides it.
        case noDevice
        case mountPointMissing
        case mountPointNotDirectory
        /// Something is mounted there.
        case mountPointBusy
        case mountPointNotEmpty
        /// A file system is mounted there whose service is gone.
        case mountPointDead
        case notMounted
        /// Files are open on it.
        case inUse
        case notPermitted
        /// No fusermount3.
        case helperMissing
        /// Only root may let others in, unless /etc/fuse.conf says so.
        case allowOtherRefused
        case kernelTooOld
        /// The kernel and this program could not agree.
        case handshakeFailed
        /// The kernel does not offer the ``Transport``.
        case transportNotOffered
        case other
    }

    public let kind: Kind
    public let mountPoint: FilePath
    /// The kernel's error; nil where the kernel was not asked.
    public let errno: Errno?
    public let description: String

    init(
        _ kind: Kind, _ mountPoint: FilePath, _ errno: Errno? = nil, _ what: String,
        _ advice: String
    ) {
        self.kind = kind
        self.mountPoint = mountPoint
        self.errno = errno
        let number = errno.map { " (errno \($0.rawValue))" } ?? ""
        description = "\(mountPoint.string): \(what)\(number). \(advice)"
    }
}

extension MountError {
    static func device(_ errno: Errno, _ mountPoint: FilePath) -> MountError {
        switch errno {
        case .permissionDenied, .notPermitted:
            MountError(
                .notPermitted, mountPoint, errno, "/dev/fuse may not be opened",
                "Grant access with chmod 666 /dev/fuse, or run as root.")
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            MountError(
                .other, mountPoint, errno, "/dev/fuse cannot be opened: too many files are open",
                "Raise the limit (ulimit -n), or close some.")
        default:
            MountError(
                .noDevice, mountPoint, errno, "/dev/fuse cannot be opened",
                "Load the kernel's module with modprobe fuse; in a container pass --device /dev/fuse."
            )
        }
    }

    static func unmounting(_ errno: Errno, _ mountPoint: FilePath) -> MountError {
        switch errno {
        case .invalidArgument:
            MountError(
                .notMounted, mountPoint, errno, "nothing is mounted there",
                "Look for mounts with findmnt -t fuse.bypassio.")
        case .resourceBusy:
            MountError(
                .inUse, mountPoint, errno, "files on it are in use",
                "Find out by whom with fuser -vm, or unmount lazily.")
        case .noSuchFileOrDirectory:
            MountError(
                .mountPointMissing, mountPoint, errno, "there is no such directory",
                "Correct the path.")
        case .notPermitted, .permissionDenied:
            MountError(
                .notPermitted, mountPoint, errno, "this user may not unmount it",
                "Run as root or as the user who mounted it.")
        default:
            MountError(
                .other, mountPoint, errno, "the kernel refused to unmount it",
                "See umount2(2) and the kernel's log.")
        }
    }
}
