import Foundation
import TestSupport

/// A folder on a disk's file system for one test, which removes it.
final class Workspace: Sendable {
    let url: URL

    init(in parent: String = "/var/tmp") throws {
        url = URL(fileURLWithPath: parent)
            .appendingPathComponent("bypassio-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        Leftovers.note(folder: url.path)
        // Lets users other than root enter.
        try setPermissions(0o755, of: ".")
    }

    deinit {
        Leftovers.remove(folder: url.path)
    }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: url.appendingPathComponent(name))
        return path(name)
    }

    /// Makes a file whose `count` bytes lie on the disk.
    @discardableResult
    func fill(_ name: String, count: Int) throws -> String {
        try write(name, [UInt8](repeating: 0x5A, count: count))
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: path(name), withDestinationPath: target)
    }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: path(name), withIntermediateDirectories: false)
    }

    func setPermissions(_ permissions: Int, of name: String) throws {
        try FileManager.default.setAttributes(
            [.posixPermissions: permissions], ofItemAtPath: path(name))
    }

    func names(in folder: String = ".") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(folder)).sorted()
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: url.appendingPathComponent(name)), as: UTF8.self)
    }

    func reading(_ path: String) throws -> FileHandle {
        try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    }

    func writing(_ name: String) throws -> FileHandle {
        try FileHandle(forWritingTo: URL(fileURLWithPath: write(name, [])))
    }
}
