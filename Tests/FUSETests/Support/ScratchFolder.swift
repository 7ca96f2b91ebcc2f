import Foundation
import TestSupport

/// An empty folder of one test's own, by its path without links; gone after it.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = "/var/tmp/bypassio-fuse-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        Leftovers.note(folder: path)
        // Users other than root are to get in.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    deinit {
        Leftovers.remove(folder: path)
    }

    func makeFolder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(
            atPath: path + "/" + name, withIntermediateDirectories: false)
        return path + "/" + name
    }
}
