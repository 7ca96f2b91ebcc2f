import Foundation
import Glibc
import Synchronization
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

/// Remembers Ctrl-C and its like, so that mounts and files are removed before the end.
package enum Interruption {
    private static let signal = Atomic<Int32>(0)

    /// Call once, before the first ``check()``.
    package static func watch() {
        _ = received
        for number in [SIGINT, SIGTERM, SIGHUP] {
            _ = Glibc.signal(number) { Interruption.signal.store($0, ordering: .relaxed) }
        }
        // The parent may have blocked these signals (threads of Dispatch have).
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, number) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // A write to a service or peer that is gone must not end this process.
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
    }

    /// The signal that came; nil for none.
    package static var received: Int32? {
        let number = signal.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Throws a ``BenchError`` after a signal.
    package static func check() throws(BenchError) {
        guard received != nil else { return }
        throw BenchError(.interrupted, "Stopped by a signal; what was mounted and made is gone.")
    }
}
