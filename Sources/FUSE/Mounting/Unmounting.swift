internal import CKernelABI
internal import Glibc
public import SystemPackage

/// Takes file systems out of the name space, whoever mounted them, dead ones included.
public enum Unmounting {
    static let forced = Int32(BPIO_MNT_FORCE | BPIO_MNT_DETACH | BPIO_UMOUNT_NOFOLLOW)

    /// Unmounts what is mounted at a path: root with umount2(2), everybody else through
    /// fusermount3.
    ///
    /// - Parameters:
    ///   - force: requests that are under way fail; only root can.
    ///   - lazy: files that are open stay usable.
    /// - Throws: among others ``MountError/Kind/inUse`` without either.
    public static func unmount(
        _ mountPoint: FilePath, force: Bool, lazy: Bool
    ) throws(MountError) {
        guard geteuid() == 0 else { return try unmountByHelper(mountPoint, lazy || force) }
        let flags =
            force ? forced : (lazy ? BPIO_MNT_DETACH : 0) | BPIO_UMOUNT_NOFOLLOW
        do throws(Errno) {
            try MountCalls.unmount(mountPoint, flags: flags)
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
    /// connected").
    public static func isDead(_ mountPoint: FilePath) -> Bool {
        var status = stat()
        let result = unsafe mountPoint.withPlatformString { unsafe stat($0, &status) }
        let error = Errno(rawValue: Glibc.errno)
        return result != 0 && (error == .socketNotConnected || error == .connectionAbort)
    }
}
