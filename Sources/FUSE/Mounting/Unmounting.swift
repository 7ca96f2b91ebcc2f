internal import CKernelABI
internal import Glibc
public import SystemPackage

/// Takes file systems out of the name space, whoever mounted them, dead ones included.
public enum Unmounting {
    /// Unmounts what is mounted at a path: root with umount2(2), everybody else through
    /// fusermount3.
    ///
    /// - Parameters:
    ///   - force: requests that are under way fail, and so does what is open from then on. Only
    ///     root can; for others it means `lazy`.
    ///   - lazy: files that are open stay usable; otherwise they keep the mount, which
    ///     ``MountError/Kind/inUse`` says.
    public static func unmount(
        _ mountPoint: FilePath, force: Bool, lazy: Bool
    ) throws(MountError) {
        // The kernel is told not to follow a link in the last part, so links go here. A dead file
        // system does not hinder that.
        let target = (try? PathStatus.resolve(mountPoint)) ?? mountPoint
        guard geteuid() == 0 else { return try unmountByHelper(target, lazy || force) }
        var flags = BPIO_UMOUNT_NOFOLLOW
        if force { flags |= BPIO_MNT_FORCE }
        if force || lazy { flags |= BPIO_MNT_DETACH }
        do throws(Errno) {
            try MountCalls.unmount(target, flags: flags)
        } catch {
            throw .unmounting(error, mountPoint)
        }
    }

    private static func unmountByHelper(
        _ mountPoint: FilePath, _ lazily: Bool
    ) throws(MountError) {
        let program = try MountHelper.required(for: mountPoint)
        do throws(MountCalls.HelperFailure) {
            try MountCalls.unmountByHelper(program, mountPoint, lazily: lazily)
        } catch {
            if error.message.contains("busy") { throw .unmounting(.resourceBusy, mountPoint) }
            if error.message.contains("not found in") {
                throw .unmounting(.invalidArgument, mountPoint)
            }
            throw MountHelper.refusal(error, mountPoint)
        }
    }

    /// A FUSE file system is mounted there whose service is gone ("Transport endpoint is not
    /// connected"). Asks the service; where it lives but does not answer, this waits for it.
    public static func isDead(_ mountPoint: FilePath) -> Bool {
        do throws(Errno) {
            // What the kernel still knows of the directory would hide that nobody serves it.
            _ = try PathStatus.of(mountPoint, asking: true)
            return false
        } catch {
            return error == .socketNotConnected || error == .connectionAbort
        }
    }
}
