import Foundation
import SystemPackage

/// The folder that keeps the demo's data between runs.
struct DemoFolder {
    let path: FilePath

    /// `named`, or bypassio under XDG_CACHE_HOME or ~/.cache; made if it is not there.
    init(_ named: String?) throws {
        let wanted = named ?? Self.standard
        do {
            try FileManager.default.createDirectory(
                atPath: wanted, withIntermediateDirectories: true)
        } catch {
            throw CommandError(
                .cannotCreate,
                "The folder \(wanted) cannot be made: name another with --cache FOLDER.")
        }
        path = FilePath(wanted)
    }

    private static var standard: String {
        let environment = ProcessInfo.processInfo.environment
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
            return cache + "/bypassio"
        }
        return (environment["HOME"] ?? NSTemporaryDirectory()) + "/.cache/bypassio"
    }
}
