internal import CKernelABI
internal import LinuxKit
public import SystemPackage

/// Checks of the directory that a file system is to appear at, before the kernel is asked.
enum MountPoint {
    /// The directory by its absolute path without links; checked to be an empty directory that
    /// nothing is mounted on.
    static func checked(_ path: FilePath) throws(MountError) -> FilePath {
        let resolved: FilePath
        let status: FileStatus
        var isEmpty = true
        do throws(Errno) {
            resolved = try SystemCall.realPath(path)
            // A file system that is mounted there may have a service that does not answer.
            if let entry = MountTable.current.top(at: resolved), entry.isFUSE {
                throw Unmounting.isDead(resolved) ? .socketNotConnected : .resourceBusy
            }
            status = try SystemCall.status(
                of: resolved, followingLinks: true, isAsked: true)
            if status.isDirectory, !status.isMountRoot {
                let directory = try SystemCall.open(resolved, [.readOnly, .directory])
                isEmpty = try SystemCall.names(in: directory.descriptor).isEmpty
            }
        } catch {
            throw refusal(error, path)
        }
        if let problem = problem(path, status, isEmpty: isEmpty) { throw problem }
        return resolved
    }

    private static func problem(
        _ path: FilePath, _ status: FileStatus, isEmpty: Bool
    ) -> MountError? {
        if !status.isDirectory {
            return MountError(
                .mountPointNotDirectory, path, .notDirectory, "the mount point is no directory",
                "Name an empty directory.")
        }
        if status.isMountRoot { return refusal(.resourceBusy, path) }
        if !isEmpty {
            return MountError(
                .mountPointNotEmpty, path, .directoryNotEmpty, "the mount point is not empty",
                "Name an empty directory: what is in this one would be hidden.")
        }
        return nil
    }

    private static func refusal(_ errno: Errno, _ path: FilePath) -> MountError {
        switch errno {
        case .noSuchFileOrDirectory:
            MountError(
                .mountPointMissing, path, errno, "the mount point does not exist",
                "Make it with mkdir, or correct the path.")
        case .notDirectory:
            MountError(
                .mountPointNotDirectory, path, errno, "a part of the path is no directory",
                "Name an empty directory.")
        case .socketNotConnected, .connectionAbort:
            MountError(
                .mountPointDead, path, errno,
                "a file system is mounted there whose service is gone",
                "Run bypassio umount on it first.")
        case .resourceBusy:
            MountError(
                .mountPointBusy, path, errno, "something is mounted there already",
                "Unmount it with umount, or name another directory.")
        case .permissionDenied, .notPermitted:
            MountError(
                .notPermitted, path, errno, "the mount point may not be looked at",
                "Name a directory of your own, or run as a user who may.")
        default:
            MountError(
                .other, path, errno, "the mount point cannot be used",
                "Name another directory.")
        }
    }
}

/// Questions to the service of a mount that may be stopped or hang. Each is put by a process of its
/// own: a process that waits for a request which a service has and does not answer can't end, not
/// even by SIGKILL.
public enum ServiceQuestion {
    /// The largest value of an attribute, in bytes (XATTR_SIZE_MAX).
    private static let largestAttribute = 65536

    /// The value of an extended attribute. Throws the error of getxattr(2), and `ETIMEDOUT` where
    /// no answer comes in time.
    public static func attribute(
        _ name: String, of path: FilePath, within limit: Duration
    ) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: largestAttribute)
        let count = unsafe bytes.withUnsafeMutableBytes { room in
            unsafe path.withPlatformString { path in
                unsafe bpio_ask(path, name, room.baseAddress, room.count, limit.milliseconds)
            }
        }
        guard count >= 0 else { throw Errno(rawValue: Int32(clamping: -count)) }
        bytes.removeLast(bytes.count - Int(count))
        return bytes
    }

    /// The error of a statx(2) that goes past the kernel's knowledge; nil for no error, `ETIMEDOUT`
    /// where no answer comes in time.
    public static func status(of path: FilePath, within limit: Duration) -> Errno? {
        let result = unsafe path.withPlatformString { path in
            unsafe bpio_ask(path, nil, nil, 0, limit.milliseconds)
        }
        return result < 0 ? Errno(rawValue: Int32(clamping: -result)) : nil
    }
}

extension Duration {
    fileprivate var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        return Int32(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }
}
