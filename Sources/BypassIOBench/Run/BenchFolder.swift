import Foundation
import Glibc
package import SystemPackage

/// The folder of a run, with all its files. ``remove()`` deletes it.
package final class BenchFolder {
    /// Tells a mount of the backing directory from others.
    static let marker = ".bypassio-bench"

    let path: FilePath

    /// Makes the folder within an existing one. Throws a ``BenchError``.
    package init(in parent: FilePath) throws {
        path = parent.appending("bypassio-bench-\(getpid())")
        var isMade = false
        do {
            for folder in [path, source, mounts, peers] {
                try FileManager.default.createDirectory(
                    atPath: folder.string, withIntermediateDirectories: false)
                isMade = true
            }
            try Data().write(
                to: URL(fileURLWithPath: source.appending(Self.marker).string))
        } catch {
            if isMade { remove() }
            throw BenchError(
                .folder,
                "The folder \(path) cannot be made (\(error.localizedDescription)): "
                    + "name another with --folder FOLDER.")
        }
    }

    deinit { remove() }

    var source: FilePath { path.appending("source") }
    var mounts: FilePath { path.appending("mounts") }
    var peers: FilePath { path.appending("peers") }

    /// Removes it, unless something is still mounted within: those files are not ours to remove.
    package func remove() {
        let points = (try? FileManager.default.contentsOfDirectory(atPath: mounts.string)) ?? []
        for name in points { _ = unsafe rmdir(mounts.appending(name).string) }
        guard unsafe rmdir(mounts.string) == 0 || errno == ENOENT else { return }
        try? FileManager.default.removeItem(atPath: path.string)
    }
}
