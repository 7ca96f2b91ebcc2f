import Foundation
import Glibc
import LinuxKit
import SystemPackage

/// Where a guard keeps its services' logs and mount points: a folder of this user alone.
///
/// The guard holds its lock; a folder without a holder is that of a guard that was killed, and the
/// next guard of the user removes it.
struct GuardFolder: ~Copyable {
    private static let prefix = "bypassio-guard-"
    /// Seconds. Between its making and its lock a folder has no holder either.
    private static let youth: Int64 = 60

    let path: FilePath
    private let lock: OwnedDescriptor

    init() throws {
        let parent = FilePath(NSTemporaryDirectory())
        Self.sweep(parent)
        path = parent.appending(Self.prefix + UUID().uuidString)
        lock = try Self.held(path)
    }

    private static func held(_ path: FilePath) throws -> OwnedDescriptor {
        do throws(Errno) {
            try SystemCall.makeDirectory(path, mode: 0o700)
            let lock = try SystemCall.open(path, [.readOnly, .directory, .noFollow])
            try SystemCall.lockWhole(lock.descriptor, .exclusive, waiting: false)
            return lock
        } catch {
            throw CommandError(.cannotCreate, "\(path) cannot be made: \(error).")
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path.string)
    }

    private static func sweep(_ parent: FilePath) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.string)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let path = parent.appending(name)
            guard
                let folder = try? SystemCall.open(path, [.readOnly, .directory, .noFollow]),
                let status = try? SystemCall.status(of: folder.descriptor),
                status.user == geteuid(), status.modified.seconds + youth < Int64(time(nil)),
                (try? SystemCall.lockWhole(folder.descriptor, .exclusive, waiting: false)) != nil
            else { continue }
            try? FileManager.default.removeItem(atPath: path.string)
        }
    }
}
