internal import Glibc
internal import SystemPackage

/// Checks of the directory that a file system is to appear at, before the kernel is asked.
enum MountPoint {
    /// The directory by its absolute path without links; checked to be an empty directory that
    /// nothing is mounted on.
    static func checked(_ path: FilePath) throws(MountError) -> FilePath {
        var status = stat()
        let result = unsafe path.withPlatformString { unsafe stat($0, &status) }
        if result != 0 { throw refusal(Errno(rawValue: Glibc.errno), path) }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw MountError(
                .mountPointNotDirectory, path, .notDirectory, "the mount point is no directory",
                "Name an empty directory.")
        }
        let resolved = try resolve(path)
        var above = stat()
        let parent = resolved.appending("..")
        if unsafe parent.withPlatformString({ unsafe stat($0, &above) }) == 0,
            above.st_dev != status.st_dev
        {
            throw MountError(
                .mountPointBusy, path, .resourceBusy, "something is mounted there already",
                "Unmount it with umount, or name another directory.")
        }
        guard try isEmpty(resolved) else {
            throw MountError(
                .mountPointNotEmpty, path, .directoryNotEmpty, "the mount point is not empty",
                "Name an empty directory: what is in this one would be hidden.")
        }
        return resolved
    }

    private static func resolve(_ path: FilePath) throws(MountError) -> FilePath {
        let resolved = unsafe path.withPlatformString { name -> FilePath? in
            guard let text = unsafe realpath(name, nil) else { return nil }
            defer { unsafe free(text) }
            return unsafe FilePath(platformString: text)
        }
        guard let resolved else { throw refusal(Errno(rawValue: Glibc.errno), path) }
        return resolved
    }

    private static func isEmpty(_ path: FilePath) throws(MountError) -> Bool {
        guard let directory = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
            throw refusal(Errno(rawValue: Glibc.errno), path)
        }
        defer { unsafe closedir(directory) }
        // "." and "..": whatever comes third was put there by somebody.
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        return count <= 2
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
        case .socketNotConnected:
            MountError(
                .mountPointDead, path, errno,
                "a file system is mounted there whose service is gone",
                "Run bypassio umount on it first.")
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
