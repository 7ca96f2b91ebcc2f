import Foundation

/// A folder that goes with the last reference to it.
final class ScratchFolder {
    let path: String

    /// In /var/tmp, which is on a disk where /tmp may be in memory.
    init() throws {
        path = "/var/tmp/bypassio-guard-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func makeFile(_ name: String) throws -> URL {
        let file = URL(fileURLWithPath: path + "/" + name)
        try Data().write(to: file)
        return file
    }
}
