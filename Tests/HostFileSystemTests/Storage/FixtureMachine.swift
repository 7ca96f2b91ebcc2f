import LinuxKit
import SystemPackage
import TestSupport

@testable import HostFileSystem

/// A sysfs, a procfs and a /dev of an imaginary machine, in a temporary folder.
final class FixtureMachine: Sendable {
    let folder: TemporaryFolder
    var paths: SystemPaths {
        SystemPaths(
            sys: folder.path.appending("sys"), proc: folder.path.appending("proc"),
            dev: folder.path.appending("dev"))
    }

    init(mounts: [String]) throws {
        folder = try TemporaryFolder()
        try write("proc/self/mountinfo", mounts.joined(separator: "\n") + "\n")
        try write("proc/swaps", "Filename Type Size Used Priority\n")
    }

    func discovery() throws -> StorageDiscovery { try StorageDiscovery(paths: paths) }

    func topology(ofMountAt point: FilePath) throws -> StorageTopology {
        let discovery = try discovery()
        guard let mount = discovery.mounts.entries.first(where: { $0.mountPoint == point }) else {
            throw Errno.noSuchFileOrDirectory
        }
        return discovery.topology(of: mount)
    }

    /// Makes a block device: its folder below /sys, its number, and attribute files relative to the
    /// folder.
    func block(_ place: String, _ number: String, _ attributes: [String: String] = [:]) throws {
        let name = place.split(separator: "/").last.map { String($0) } ?? place
        try write("sys/\(place)/dev", number + "\n")
        for (attribute, value) in attributes {
            try write("sys/\(place)/\(attribute)", value + "\n")
        }
        try link("sys/dev/block/\(number)", to: "../../\(place)")
        try link("sys/class/block/\(name)", to: "../../\(place)")
    }

    /// Makes the devices that form a block device, given by their places below /sys.
    func slaves(of place: String, _ parts: [String]) throws {
        for part in parts {
            let name = part.split(separator: "/").last.map { String($0) } ?? part
            try link("sys/\(place)/slaves/\(name)", to: absolute("sys/\(part)"))
        }
    }

    /// Makes the link by which sysfs names a device's driver.
    func driver(_ name: String, of place: String) throws {
        try folders("sys/bus/drivers/\(name)")
        try link("sys/\(place)/driver", to: absolute("sys/bus/drivers/\(name)"))
    }

    func write(_ path: String, _ text: String) throws {
        try parent(of: path)
        try folder.file(path, Array(text.utf8))
    }

    func link(_ path: String, to target: String) throws {
        try parent(of: path)
        try SystemCall.makeSymbolicLink(
            to: Array(target.utf8), named: folder.path.appending(path))
    }

    func absolute(_ path: String) -> String { folder.path.appending(path).string }

    private func parent(of path: String) throws {
        let parts = path.split(separator: "/").dropLast()
        try folders(parts.joined(separator: "/"))
    }

    private func folders(_ path: String) throws {
        var made = folder.path
        for part in path.split(separator: "/") {
            made.append(String(part))
            if KernelTree.exists(made) { continue }
            try SystemCall.makeDirectory(made, mode: 0o755)
        }
    }
}
