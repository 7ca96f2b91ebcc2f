import Foundation
import TestSupport

/// An empty folder for one test, by its path without links; the test removes it.
final class ScratchFolder: Sendable {
    let path: String

    init() throws {
        path = "/var/tmp/bypassio-fuse-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        Leftovers.note(folder: path)
        // Lets users other than root enter.
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
