import Foundation

/// An empty folder of one test's own, by its path without links; gone after it.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = "/var/tmp/bypassio-fuse-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        // Users other than root are to get in.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    deinit {
        // Not what is below: that may be a mount.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
            unsafe rmdir(path + "/" + name)
            unsafe unlink(path + "/" + name)
        }
        unsafe rmdir(path)
    }

    func makeFolder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(
            atPath: path + "/" + name, withIntermediateDirectories: false)
        return path + "/" + name
    }
}
