internal import CKernelABI
package import LinuxKit
public import SystemPackage

/// A mounted file system and the session that serves it. Any thread may call the functions here but
/// those of the session itself.
public final class MountedSession: Sendable {
    /// Absolute and without links.
    public let mountPoint: FilePath
    public let session: Session
    /// MAJOR:MINOR, by which our mount is told from others at the same place; nil where the mount
    /// table could not be read.
    package let device: DeviceNumber?

    init(_ session: Session, at mountPoint: FilePath, device: DeviceNumber?) {
        self.session = session
        self.mountPoint = mountPoint
        self.device = device
    }

    /// Takes the file system out of the name space. Files that are open are served until they are
    /// closed; then the session ends.
    ///
    /// - Throws: ``MountError/Kind/notMounted`` when it was unmounted already, even if another file
    ///   system is mounted there since.
    public func unmount() throws(MountError) {
        guard isInPlace else { throw .unmounting(.invalidArgument, mountPoint) }
        try Unmounting.unmount(mountPoint, force: false, lazy: true)
    }

    /// Ends the connection now and takes the file system out of the name space: programs that wait
    /// for an answer get `ECONNABORTED`, and open files fail with `ENOTCONN` from then on.
    ///
    /// Needs no privilege: the connection ends because every descriptor of /dev/fuse is given back
    /// to the kernel. (Closing them would not do, as a thread that sleeps in read(2) keeps one;
    /// such threads are woken up.) Requests that are being carried are finished, those that wait
    /// are given up; their answers go nowhere, and ``waitUntilUnmounted()`` waits for them.
    public func abort() {
        let isInPlace = isInPlace
        session.abort()
        // Behind the end of the connection, which must not wait for the helper.
        if isInPlace { _ = try? Unmounting.unmount(mountPoint, force: false, lazy: true) }
    }

    /// Sleeps until the session has ended: the file system is unmounted and nothing on it is open,
    /// or the connection was aborted.
    public func waitUntilUnmounted() {
        session.waitUntilEnded()
    }

    /// Programs see this file system at the mount point.
    package var isInPlace: Bool {
        guard let device else { return true }
        return MountTable.current.top(at: mountPoint)?.device == device
    }
}

/// Changes what the kernel allows on a mount that is there (mount(8) with `remount`). The service
/// is not asked and needs not be told.
public enum Remounting {
    /// The effect of each of mount(8)'s options on the flags of mount(2).
    private static let meanings: [String: (cleared: UInt32, set: UInt32)] = {
        let times =
            BPIO_MS_NOATIME | BPIO_MS_RELATIME | BPIO_MS_STRICTATIME
        return [
            "ro": (0, BPIO_MS_RDONLY), "rw": (BPIO_MS_RDONLY, 0),
            "nosuid": (0, BPIO_MS_NOSUID), "suid": (BPIO_MS_NOSUID, 0),
            "nodev": (0, BPIO_MS_NODEV), "dev": (BPIO_MS_NODEV, 0),
            "noexec": (0, BPIO_MS_NOEXEC), "exec": (BPIO_MS_NOEXEC, 0),
            "noatime": (times, BPIO_MS_NOATIME), "atime": (BPIO_MS_NOATIME, 0),
            "relatime": (times, BPIO_MS_RELATIME), "norelatime": (BPIO_MS_RELATIME, 0),
            "strictatime": (times, BPIO_MS_STRICTATIME),
            "nodiratime": (0, BPIO_MS_NODIRATIME), "diratime": (BPIO_MS_NODIRATIME, 0),
            "bind": (0, BPIO_MS_BIND),
        ]
    }()

    /// Whether an option is one of those that can be changed so.
    public static func knows(_ option: String) -> Bool { meanings[option] != nil }

    /// Applies options to those that the mount has, in their order, without those that
    /// ``knows(_:)`` does not know. Only root can.
    public static func remount(
        _ mountPoint: FilePath, options: [String]
    ) throws(MountError) {
        let target = (try? SystemCall.realPath(mountPoint)) ?? mountPoint
        guard let entry = MountTable.current.top(at: target) else {
            throw .unmounting(.invalidArgument, mountPoint)
        }
        let flags = flags(for: entry.options + options)
        do throws(Errno) {
            try MountCalls.mount(
                source: "none", at: target, type: "none", flags: flags | BPIO_MS_REMOUNT,
                options: "")
        } catch {
            throw .remounting(error, mountPoint)
        }
    }

    /// Of options that are said one after the other.
    static func flags(for options: [String]) -> UInt32 {
        options.reduce(0) { flags, option in
            guard let meaning = meanings[option] else { return flags }
            return flags & ~meaning.cleared | meaning.set
        }
    }
}

extension MountError {
    static func remounting(_ errno: Errno, _ mountPoint: FilePath) -> MountError {
        switch errno {
        case .notPermitted, .permissionDenied:
            MountError(
                .notPermitted, mountPoint, errno, "this user may not change the mount",
                "Run as root, or unmount it and mount it anew.")
        case .resourceBusy:
            MountError(
                .inUse, mountPoint, errno, "files on it are open for writing",
                "Find out by whom with fuser -vm.")
        default:
            MountError(
                .other, mountPoint, errno, "the kernel refused to change the mount",
                "See mount(2) and the kernel's log.")
        }
    }
}
