import Foundation
import LinuxKit
import SystemPackage
import TestSupport

@testable import HostFileSystem

/// A file system mounted for one test; it is unmounted however the test ends.
final class MountedFileSystem: Sendable {
    let folder: TemporaryFolder
    var mountPoint: FilePath { folder.path.appending("mount") }
    var image: FilePath { folder.path.appending("image") }

    /// Makes a file system in an image of `megabytes` and mounts it through a loop device.
    init(
        _ make: String, _ arguments: [String] = [], megabytes: Int, options: String = "loop"
    ) throws {
        folder = try TemporaryFolder()
        let image = folder.path.appending("image")
        let mountPoint = folder.path.appending("mount")
        try SystemCall.makeDirectory(mountPoint, mode: 0o755)
        let file = try SystemCall.open(image, [.readWrite, .create], mode: 0o600)
        try SystemCall.truncate(file.descriptor, to: Int64(megabytes) << 20)
        try file.close()
        try HostTool.run(make, arguments + [image.string])
        try HostTool.run("mount", ["-o", options, image.string, mountPoint.string])
    }

    /// Mounts a type that needs no device.
    init(type: String, source: String = "none", options: (FilePath) throws -> String) throws {
        folder = try TemporaryFolder()
        let mountPoint = folder.path.appending("mount")
        try SystemCall.makeDirectory(mountPoint, mode: 0o755)
        try HostTool.run(
            "mount", ["-t", type, "-o", try options(folder.path), source, mountPoint.string])
    }

    @discardableResult
    func file(_ name: String, _ bytes: [UInt8]) throws -> FilePath {
        let place = mountPoint.appending(name)
        let file = try SystemCall.open(place, [.readWrite, .create, .truncate], mode: 0o644)
        try SystemCall.writeAll(bytes, to: file.descriptor, at: 0)
        try SystemCall.sync(file.descriptor)
        return place
    }

    deinit {
        // Lazily, so that a descriptor that a failed test left open cannot keep the mount.
        _ = try? HostTool.run("umount", ["-l", mountPoint.string])
    }
}
