import ArgumentParser
import FUSE
import Foundation
import HostFileSystem
import SystemPackage

/// `bypassio umount`: takes a volume out of the name space, dead ones included.
struct UmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umount",
        abstract: "Unmount a volume, also one whose service was killed.",
        discussion: """
            A volume whose service is gone answers "Transport endpoint is not connected"; this \
            mends it.

            Exit codes: 0 unmounted, 64 usage, 66 no bypassio volume there, 69 no fusermount3, \
            75 files are in use, 77 not permitted.
            """)

    @Flag(help: "Open files stay usable until they are closed.")
    var lazy = false

    @Flag(help: "Requests that are under way fail; only root can.")
    var force = false

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    func run() throws {
        try reportingErrors {
            let place = Self.absolute(ArgumentPath.path(mountPoint))
            let table = try MountTable()
            guard let entry = table.entries.last(where: { $0.mountPoint == place }) else {
                throw CommandError(
                    .noInput,
                    "Nothing is mounted at \(mountPoint): findmnt -t fuse.bypassio lists volumes.")
            }
            guard entry.fileSystemType.hasPrefix("fuse") else {
                throw CommandError(
                    .noInput,
                    "\(mountPoint) is a mount of \(entry.fileSystemType), not of bypassio: "
                        + "use umount(8).")
            }
            // Nobody can have open what nobody serves.
            let isDead = Unmounting.isDead(place)
            do throws(MountError) {
                try Unmounting.unmount(place, force: force, lazy: lazy || isDead)
            } catch {
                throw CommandError(CommandStatus(error.kind), "\(error)")
            }
        }
    }

    /// Without asking the last component, which may be dead: its directory is resolved.
    private static func absolute(_ path: FilePath) -> FilePath {
        guard let name = path.lastComponent, name.kind == .regular else {
            return resolved(path) ?? path
        }
        let folder = path.removingLastComponent()
        let above = resolved(folder.isEmpty ? "." : folder)
        let direct = above?.appending(name) ?? path
        // A link to the mount point: dead ones are no links.
        var status = stat()
        let isLink =
            unsafe direct.withPlatformString { unsafe lstat($0, &status) } == 0
            && status.st_mode & S_IFMT == S_IFLNK
        return isLink ? resolved(direct) ?? direct : direct
    }

    private static func resolved(_ path: FilePath) -> FilePath? {
        guard let text = unsafe path.withPlatformString({ unsafe realpath($0, nil) }) else {
            return nil
        }
        defer { unsafe free(text) }
        return unsafe FilePath(platformString: text)
    }
}
