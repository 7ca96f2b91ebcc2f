import Foundation
import LinuxKit
package import SystemPackage

/// A folder for one test, removed with its content when the test ends.
package final class TemporaryFolder: Sendable {
    package let path: FilePath

    /// - Parameter parent: /var/tmp by default, which is on a disk where /tmp may be in memory.
    package init(in parent: FilePath = "/var/tmp") throws {
        path = parent.appending("bypassio-\(UUID().uuidString)")
        try SystemCall.makeDirectory(path, mode: 0o755)
        Leftovers.note(folder: path.string)
    }

    /// Makes a file of these bytes and returns its path.
    @discardableResult
    package func file(_ name: String, _ bytes: [UInt8]) throws -> FilePath {
        let place = path.appending(name)
        let file = try SystemCall.open(place, [.readWrite, .create, .truncate], mode: 0o644)
        try SystemCall.writeAll(bytes, to: file.descriptor, at: 0)
        return place
    }

    deinit {
        Leftovers.remove(folder: path.string)
    }
}
