import CPosixCalls
import Foundation

/// A folder that the last reference removes.
final class ScratchFolder {
    /// Lies on a disk even where /tmp is in memory.
    static let parent = "/var/tmp"

    let path: String

    /// Whether the folder lies on a file system with bypass, by statfs(2)'s type.
    static var isOnDisk: Bool {
        var volume = call_volume()
        return unsafe call_statfs(parent, &volume) == 0
            && [0xEF53, 0x5846_5342, 0x9123_683E].contains(volume.type)
    }

    init() throws {
        path = "\(Self.parent)/bypassio-guard-\(UUID().uuidString)"
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
