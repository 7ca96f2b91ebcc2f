import BypassIOProtocol
import FUSE
import LinuxKit
import SystemPackage

/// A bypassio mount, seen from outside, and what its service says of itself if it answers.
struct CollectedMount {
    /// Each may take five seconds to answer, or not.
    private static let most = 32

    let entry: MountEntry
    /// The line of /proc/self/mountinfo.
    let line: String

    /// The mounts of this process's namespace, or the one at that place; throws a ``CommandError``
    /// where no FUSE mount is.
    static func all(at mountPoint: String?) throws -> [CollectedMount] {
        let text = (try? KernelFile.bytes(of: "/proc/self/mountinfo")) ?? []
        let mounts = text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            MountEntry(line: line).map {
                CollectedMount(entry: $0, line: String(decoding: line, as: UTF8.self))
            }
        }
        guard let mountPoint else {
            return Array(mounts.filter { $0.entry.fileSystemType == "fuse.bypassio" }.prefix(most))
        }
        let place = ArgumentPath.mountPoint(mountPoint)
        guard let mount = mounts.last(where: { $0.entry.mountPoint == place }),
            mount.entry.fileSystemType.hasPrefix("fuse")
        else {
            throw CommandError(
                .noInput,
                "No bypassio volume is mounted at \(mountPoint): findmnt -t fuse.bypassio lists "
                    + "volumes.")
        }
        return [mount]
    }

    var section: CollectedSection {
        CollectedSection(
            "mount \(entry.mountPoint.string)",
            [line] + connection + sourceLines + answer)
    }

    /// The connection's own numbers: what waits tells a service that hangs.
    private var connection: [String] {
        let number = entry.device.minor
        return CollectedMachine.values(below: "/sys/fs/fuse/connections/\(number)")
    }

    /// What SOURCE lies on.
    private var sourceLines: [String] {
        guard let below = MountTable.current.entry(containing: FilePath(entry.source)) else {
            return []
        }
        let options = below.options.joined(separator: ",")
        return [
            "source lies on \(below.fileSystemType) at \(below.mountPoint.string), "
                + "of \(below.source), \(options)"
        ]
    }

    private var answer: [String] {
        do {
            let place = entry.mountPoint
            return ["service: \(try VolumeReport.json(of: place, named: place.string))"]
        } catch let error as CommandError {
            return ["service: \(error.message)"]
        } catch {
            return ["service: \(error)"]
        }
    }
}
