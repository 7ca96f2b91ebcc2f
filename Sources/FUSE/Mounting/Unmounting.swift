internal import CKernelABI
internal import Glibc
internal import LinuxKit
public import SystemPackage

/// Takes file systems out of the name space, also those that another process mounted, and dead
/// ones.
public enum Unmounting {
    /// Unmounts the file system at a path: root with umount2(2), other users through fusermount3.
    /// Asks nothing of the service, which may be stopped or hang.
    ///
    /// - Parameters:
    ///   - mountPoint: or a link to it.
    ///   - force: the connection is ended: programs that wait for an answer get `ECONNABORTED`, and
    ///     open files fail with `ENOTCONN` from then on. Root can; other users only where fusectl
    ///     is mounted at /sys/fs/fuse/connections, elsewhere for them it means `lazy`.
    ///   - lazy: files that are open stay usable; otherwise they keep the mount, which
    ///     ``MountError/Kind/inUse`` says.
    /// - Returns: whether the connection was ended.
    @discardableResult
    public static func unmount(
        _ mountPoint: FilePath, force: Bool, lazy: Bool
    ) throws(MountError) -> Bool {
        // The kernel is told not to follow a link in the last part, so links go here. A dead file
        // system does not hinder that.
        let target = (try? SystemCall.realPath(mountPoint)) ?? mountPoint
        let isRoot = geteuid() == 0
        let isAborted = force && abort(target) || force && isRoot
        guard isRoot else {
            try unmountByHelper(target, lazy || force)
            return isAborted
        }
        var flags = BPIO_UMOUNT_NOFOLLOW
        if force { flags |= BPIO_MNT_FORCE }
        if force || lazy { flags |= BPIO_MNT_DETACH }
        do throws(Errno) {
            try MountCalls.unmount(target, flags: flags)
        } catch {
            throw .unmounting(error, mountPoint)
        }
        return isAborted
    }

    /// Ends the connection by fusectl, which belongs to the user that mounted.
    private static func abort(_ target: FilePath) -> Bool {
        guard let entry = MountTable.current.top(at: target), entry.isFUSE
        else { return false }
        let connection = "/sys/fs/fuse/connections/\(entry.device.minor)"
        return KernelFile.write("1\n", to: FilePath("\(connection)/abort"))
    }

    private static func unmountByHelper(
        _ mountPoint: FilePath, _ lazily: Bool
    ) throws(MountError) {
        do throws(MountCalls.HelperFailure) {
            if let unmounter = Unmounter.current(for: mountPoint) {
                return try unmounter.unmount(lazily: lazily)
            }
        } catch {
            throw refusal(error, mountPoint)
        }
        let program = try MountHelper.required(for: mountPoint)
        do throws(MountCalls.HelperFailure) {
            try MountCalls.unmountByHelper(program, mountPoint, lazily: lazily)
        } catch {
            throw refusal(error, mountPoint)
        }
    }

    private static func refusal(
        _ failure: MountCalls.HelperFailure, _ mountPoint: FilePath
    ) -> MountError {
        if failure.message.contains("busy") { return .unmounting(.resourceBusy, mountPoint) }
        if failure.message.contains("not found in") {
            // It says so of other users' mounts, too.
            let isThere = MountTable.current.top(at: mountPoint) != nil
            return .unmounting(isThere ? .notPermitted : .invalidArgument, mountPoint)
        }
        return MountHelper.refusal(failure, mountPoint)
    }

    /// A FUSE file system is mounted there whose service is gone ("Transport endpoint is not
    /// connected"). Asks the service, in a process of its own; a service that does not answer in
    /// time lives.
    public static func isDead(_ mountPoint: FilePath, within limit: Duration = .seconds(2)) -> Bool
    {
        // The kernel's own knowledge of the directory would hide that no service answers.
        switch ServiceQuestion.status(of: mountPoint, within: limit) {
        case .socketNotConnected?, .connectionAbort?: true
        default: false
        }
    }
}

/// fusermount3, which mounts for users other than root.
enum MountHelper {
    /// Where it is; nil if it is nowhere.
    static func find() -> FilePath? {
        let searched = unsafe getenv("PATH").map { unsafe String(cString: $0) } ?? ""
        let folders =
            searched.split(separator: ":").map(String.init) + ["/usr/bin", "/bin", "/usr/sbin"]
        for folder in folders {
            let program = FilePath(folder).appending("fusermount3")
            if unsafe program.withPlatformString({ unsafe access($0, X_OK) }) == 0 {
                return program
            }
        }
        return nil
    }

    static func required(for mountPoint: FilePath) throws(MountError) -> FilePath {
        guard let program = find() else {
            throw MountError(
                .helperMissing, mountPoint, nil,
                "fusermount3, which mounts for users other than root, is not installed",
                "Install it (package fuse3), or run as root.")
        }
        return program
    }

    /// The helper's message, as an error.
    static func refusal(
        _ failure: MountCalls.HelperFailure, _ mountPoint: FilePath
    ) -> MountError {
        let said = failure.message.split(separator: "\n").first.map(String.init) ?? "no reason"
        if said.contains("allow_other") {
            return MountError(
                .allowOtherRefused, mountPoint, nil,
                "only root may let other users in (\(said))",
                "Add user_allow_other to /etc/fuse.conf, or leave allow_other out.")
        }
        if said.contains("/dev/fuse") || said.contains("fuse device not found") {
            return said.contains("denied") || said.contains("not permitted")
                ? .device(.permissionDenied, mountPoint)
                : MountError(
                    .noDevice, mountPoint, nil, "fusermount3 cannot open /dev/fuse (\(said))",
                    "Load the kernel's module with modprobe fuse; in a container pass --device /dev/fuse."
                )
        }
        if said.contains("Permission denied") || said.contains("not permitted")
            || said.contains("no write access")
        {
            return MountError(
                .notPermitted, mountPoint, nil, "fusermount3 refused (\(said))",
                "Name a directory that you own and may write to.")
        }
        return MountError(
            .other, mountPoint, nil, "fusermount3 failed (\(said))",
            "Its message says why; see also fusermount3(1).")
    }
}
