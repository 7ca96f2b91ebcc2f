import CPosixCalls
import Foundation
import TestSupport

/// A folder on a disk's file system for one test, which removes it.
final class TestFolder: Sendable {
    let path: String

    /// /var/tmp lies on a disk nearly everywhere; BYPASSIO_TEST_FOLDER names another place.
    static let parent = ProcessInfo.processInfo.environment["BYPASSIO_TEST_FOLDER"] ?? "/var/tmp"

    init() throws {
        path = "\(TestFolder.parent)/bypassio-mounted-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            // Lets users other than root enter.
            attributes: [.posixPermissions: 0o755])
        Leftovers.note(folder: path)
    }

    func makeFolder(_ name: String, permissions: Int = 0o755) throws -> String {
        try FileManager.default.createDirectory(
            atPath: path(name), withIntermediateDirectories: true)
        try FileManager.default.setAttributes(
            [.posixPermissions: permissions], ofItemAtPath: path(name))
        return path(name)
    }

    func path(_ name: String) -> String { "\(path)/\(name)" }

    deinit {
        Leftovers.remove(folder: path)
    }

    /// Whether the folder of the tests lies on ext4; false if the file system is unknown.
    static let isOnExt4: Bool = {
        var volume = call_volume()
        return unsafe call_statfs(parent, &volume) == 0 && volume.type == 0xEF53
    }()
}
