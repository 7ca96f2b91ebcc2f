import Foundation

/// A file system mounted within another directory for one test, e.g. within the source of a mount.
final class InnerMount: Sendable {
    let path: String

    /// Runs `mount` with these arguments, at a directory that it makes.
    init(at path: String, _ arguments: [String]) throws {
        self.path = path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        try InnerMount.run("mount", arguments + [path])
    }

    /// Mounts a new file system in an image beside it, e.g. made by `mkfs.ext4`.
    convenience init(at path: String, image: String, megabytes: Int, madeBy make: [String]) throws {
        try InnerMount.run("truncate", ["-s", "\(megabytes)M", image])
        try InnerMount.run(make[0], make.dropFirst() + [image])
        try self.init(at: path, ["-o", "loop", image])
    }

    private static func run(_ name: String, _ arguments: [String]) throws {
        guard let program = Program.find(name) else { throw TestError("no \(name) here") }
        let outcome = try Program(program, arguments).run(within: 60)
        guard outcome.code == 0 else { throw TestError("\(name) \(arguments): \(outcome)") }
    }

    deinit { try? InnerMount.run("umount", ["-l", path]) }
}
