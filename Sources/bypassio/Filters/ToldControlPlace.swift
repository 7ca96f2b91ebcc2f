import BypassIOProtocol
import ControlInterface
import FUSE
import Glibc
import IOStack
import LinuxKit
import SystemPackage

/// Where a mount says itself that its control interface is: it may have been mounted with
/// control=PATH, or by a user whose XDG_RUNTIME_DIR nobody else knows.
enum ToldControlPlace {
    /// nil where the mount says nothing in time, or names what is not a socket of its own user's or
    /// root's.
    ///
    /// - Parameter mountPoint: absolute, without links.
    static func path(of mountPoint: FilePath) -> FilePath? {
        guard let mount = MountTable.current.top(at: mountPoint), mount.isFUSE,
            let bytes = try? ServiceQuestion.attribute(
                ServiceReport.placeAttribute, of: mountPoint, within: .seconds(2)),
            bytes.first == UInt8(ascii: "/"),
            let found = try? SystemCall.status(of: FilePath(bytes: bytes), followingLinks: false),
            UInt32(found.mode) & S_IFMT == S_IFSOCK,
            [0, ControlClient.user(of: mount)].contains(found.user)
        else { return nil }
        return FilePath(bytes: bytes)
    }
}
