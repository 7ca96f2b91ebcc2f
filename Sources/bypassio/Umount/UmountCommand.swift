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
            let place = ArgumentPath.mountPoint(mountPoint)
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
}
