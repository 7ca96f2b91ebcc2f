import Foundation
import Glibc

/// Requests, system calls and context switches of the routes through a mount.
enum MountCount {
    private static let kinds: Set<FigureKind> = [
        .requests, .serviceCalls, .clientCalls, .switches,
    ]

    static func measure() -> Measurement {
        var measured = Measurement()
        if let obstacle {
            measured.skip(kinds, obstacle)
            return measured
        }
        for route in ClientRoute.allCases {
            do {
                let mount = try GuardedMount(route)
                try measured.add(traced(route, mount))
                try measured.add(free(route, mount))
            } catch {
                measured.skip(kinds, route: route.rawValue, error)
            }
        }
        return measured
    }

    private static var obstacle: String? {
        if geteuid() != 0 { return "needs root, who mounts and traces" }
        if !ScratchFolder.isOnDisk {
            return "needs ext4, XFS or Btrfs at \(ScratchFolder.parent): others have no bypass"
        }
        if unsafe access("/dev/fuse", W_OK) != 0 { return "needs /dev/fuse" }
        if Tool.find("strace") == nil { return "strace is not installed (Debian package strace)" }
        return nil
    }

    /// Requests and system calls, with strace attached to both processes.
    private static func traced(
        _ route: ClientRoute, _ mount: GuardedMount
    ) throws -> Measurement {
        let folder = try ScratchFolder()
        let own = folder.path + "/client"
        let client = try Conversation(
            ["strace", "-xx", "-s", "8", "-o", own] + words(route, mount.mountPoint + "/traced"))
        guard try client.line() == "ready" else { throw MeasurementError("no client") }
        let trace = try SystemCallTrace(process: mount.serviceIdentifier)
        try client.goOn()
        _ = try client.line()
        let service = try trace.finish()
        try client.goOn()
        client.waitForEnd()
        let calls = TraceText(try String(contentsOfFile: own, encoding: .utf8))
            .callsBetweenMarkers
        guard let calls else { throw MeasurementError("the client's trace has no markers") }
        let count = Double(route.operations)
        var measured = Measurement()
        for (opcode, requests) in service.requestsByOpcode.sorted(by: { $0.key < $1.key }) {
            // A request that comes once in a run, such as a look at the directory, is not part of
            // an operation.
            guard requests > route.operations / 5 else { continue }
            measured.add(
                Figure(
                    .requests, "\(route.rawValue), \(OpcodeName.of(opcode))",
                    Double(requests) / count))
        }
        let all = service.requestsByOpcode.values.reduce(0, +)
        measured.add(Figure(.requests, "\(route.rawValue), all", Double(all) / count))
        measured.add(
            Figure(.serviceCalls, route.rawValue, Double(service.callsOfCarriers) / count))
        measured.add(Figure(.clientCalls, route.rawValue, Double(calls) / count))
        return measured
    }

    /// Context switches, with no tracer attached.
    private static func free(
        _ route: ClientRoute, _ mount: GuardedMount
    ) throws -> Measurement {
        let client = try Conversation(try words(route, mount.mountPoint + "/free"))
        guard try client.line() == "ready" else { throw MeasurementError("no client") }
        let before = try Switches.of(process: mount.serviceIdentifier)
        try client.goOn()
        let done = try client.line()
        let service = try Switches.of(process: mount.serviceIdentifier) - before
        guard let own = Int(done.dropFirst("done ".count)) else {
            throw MeasurementError("the client said \(done)")
        }
        try client.goOn()
        client.waitForEnd()
        var measured = Measurement()
        measured.add(
            Figure(.switches, route.rawValue, Double(service + own) / Double(route.operations)))
        return measured
    }

    private static func words(_ route: ClientRoute, _ folder: String) throws -> [String] {
        guard let own = Tool.own else { throw MeasurementError("/proc tells no program") }
        return [own, "client", route.rawValue, folder]
    }
}
