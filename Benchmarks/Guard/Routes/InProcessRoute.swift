import BypassIOProtocol
import IOStack
import SystemPackage

/// A fixed workload on one route within the process.
public struct InProcessRoute {
    /// The name in the limits.
    public let name: String
    /// Runs the given number of operations.
    public let run: (Int) throws -> Void

    /// Makes every route anew: no route sees another's state.
    public static func all() throws -> [InProcessRoute] {
        var routes = [
            try reads("read, full bypass", RouteVolume(filters: 4, isEnabled: true)),
            try reads(
                "read, partial bypass", RouteVolume(filters: 4, isEnabled: true, isPartial: true)),
        ]
        for count in [0, 1, 4, 8, 16] {
            routes.append(
                try reads("read, traditional, \(count) filters", RouteVolume(filters: count)))
        }
        routes += [
            try reads(
                "read, traditional, 4 filters of writes", RouteVolume(filters: 4, .writes)),
            try reads(
                "read, traditional, 4 filters with post callbacks",
                RouteVolume(filters: 4, .preAndPostRead)),
            try queued("queue, full bypass", RouteVolume(filters: 4, isEnabled: true)),
            try queued(
                "queue, partial bypass", RouteVolume(filters: 4, isEnabled: true, isPartial: true)),
            try queued("queue, traditional, 0 filters", RouteVolume()),
            try queued("queue, traditional, 4 filters", RouteVolume(filters: 4)),
        ]
        routes += [
            try controls("enable and disable, 0 filters", RouteVolume()),
            try controls("enable and disable, 4 filters", RouteVolume(filters: 4)),
        ]
        return routes + (try metadata())
    }

    private static func reads(
        _ name: String, _ volume: RouteVolume
    ) throws -> InProcessRoute {
        let buffer = try volume.volume.makeBuffer(capacity: 4096)
        return InProcessRoute(name: name) { try volume.readSingly($0, into: buffer) }
    }

    private static func queued(_ name: String, _ volume: RouteVolume) throws -> InProcessRoute {
        let queue = try RouteQueue(volume)
        return InProcessRoute(name: name) { try queue.read($0) }
    }

    private static func controls(
        _ name: String, _ volume: RouteVolume
    ) throws -> InProcessRoute {
        InProcessRoute(name: name) { count in
            for _ in 0..<count {
                _ = try volume.file.bypassIO(.enable)
                _ = try volume.file.bypassIO(.disable)
            }
        }
    }

    private static func metadata() throws -> [InProcessRoute] {
        let memory = try RouteVolume()
        let root = try memory.volume.open(FilePath(""))
        return [
            InProcessRoute(name: "lookup, memory") { count in
                for _ in 0..<count { _ = try root.status(of: "data") }
            },
            InProcessRoute(name: "stat, memory") { count in
                for _ in 0..<count { _ = try memory.file.status() }
            },
            InProcessRoute(name: "open and close, memory") { count in
                for _ in 0..<count { try memory.volume.open(RouteVolume.path).close() }
            },
        ]
    }
}
