internal import CKernelABI
internal import Glibc
internal import SystemPackage

/// What is at a path, by statx(2).
struct PathStatus {
    let isDirectory: Bool
    /// Something is mounted there. Linux 5.8.
    let isMountRoot: Bool

    /// Follows links.
    ///
    /// - Parameter asking: the service behind a file system is asked even if the kernel still knows
    ///   the answer. Then `ENOTCONN` tells that it is gone.
    static func of(_ path: FilePath, asking: Bool) throws(Errno) -> PathStatus {
        var status = bpio_statx()
        let flags = asking ? BPIO_AT_STATX_FORCE_SYNC : 0
        let result = unsafe path.withPlatformString { path in
            unsafe bpio_statx_at(
                BPIO_AT_FDCWD, path, flags, BPIO_STATX_BASIC_STATS, &status)
        }
        guard result >= 0 else { throw Errno(rawValue: -result) }
        return PathStatus(
            isDirectory: UInt32(status.stx_mode) & S_IFMT == S_IFDIR,
            isMountRoot: status.stx_attributes & UInt64(BPIO_STATX_ATTR_MOUNT_ROOT) != 0)
    }

    /// The absolute path without links (realpath(3)). The last part may be a dead file system: it
    /// is not asked.
    static func resolve(_ path: FilePath) throws(Errno) -> FilePath {
        let resolved = unsafe path.withPlatformString { name -> FilePath? in
            guard let text = unsafe realpath(name, nil) else { return nil }
            defer { unsafe free(text) }
            return unsafe FilePath(platformString: text)
        }
        guard let resolved else { throw Errno(rawValue: Glibc.errno) }
        return resolved
    }

    /// Whether a directory holds nothing.
    static func isEmptyDirectory(_ path: FilePath) throws(Errno) -> Bool {
        guard let directory = unsafe path.withPlatformString({ unsafe opendir($0) }) else {
            throw Errno(rawValue: Glibc.errno)
        }
        defer { unsafe closedir(directory) }
        // "." and "..": whatever comes third was put there by somebody.
        for _ in 0..<3 where unsafe readdir(directory) == nil { return true }
        return false
    }
}
