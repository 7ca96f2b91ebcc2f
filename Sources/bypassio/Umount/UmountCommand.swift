import ArgumentParser
import FUSE
import Foundation
import HostFileSystem
import LinuxKit
import SystemPackage
import Terminal

/// `bypassio umount`: removes a volume from the name space, also a dead one.
struct UmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umount",
        abstract: "Unmount a volume, also one whose service was killed.",
        discussion: """
            A volume whose service is gone answers "Transport endpoint is not connected"; this \
            mends it.

            Nothing is asked of the service, which may be stopped or hang. Requests that wait for \
            one that hangs end with --force (root, or who mounted it where fusectl is mounted).

            Exit codes: 0 unmounted, 64 usage, 66 no bypassio volume there, 69 no fusermount3, \
            75 files are in use, 77 not permitted.
            """)

    @Flag(help: "Open files stay usable until they are closed.")
    var lazy = false

    @Flag(help: "End the connection: requests that are under way fail with ECONNABORTED.")
    var force = false

    @Flag(help: "Only where no service answers, and none is about to; otherwise nothing is done.")
    var dead = false

    @Argument(help: "Where the volume is mounted.", completion: .directory)
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
            if dead, !Unmounting.isDead(place) { return }
            do throws(MountError) {
                let isAborted = try unmount(place)
                if force { tellEnd(isAborted) }
            } catch {
                throw CommandError(CommandStatus(error.kind), "\(error)")
            }
        }
    }

    /// Returns whether the connection was ended.
    private func unmount(_ place: FilePath) throws(MountError) -> Bool {
        do throws(MountError) {
            return try Unmounting.unmount(place, force: force, lazy: lazy)
        } catch {
            // Without a service no program can have a file open.
            guard error.kind == .inUse, Unmounting.isDead(place) else { throw error }
            return try Unmounting.unmount(place, force: false, lazy: true)
        }
    }

    private func tellEnd(_ isAborted: Bool) {
        StandardOutput.print(
            isAborted
                ? "\(mountPoint.onOneLine): the connection was ended; programs that waited got "
                    + "ECONNABORTED, open files answer ENOTCONN."
                : "\(mountPoint.onOneLine): unmounted lazily; only root can end the connection here."
        )
    }
}
