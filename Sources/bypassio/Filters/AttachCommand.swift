import ArgumentParser
import BypassIOProtocol
import ControlInterface
import IOStack
import Terminal

/// `bypassio attach`: as `fltmc attach`.
struct AttachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract: "Attach a filter to a mounted volume, while it is in use.",
        discussion: """
            A filter that is not loaded is loaded for that. One that is loaded has its settings \
            already, and may attach at another altitude.

            Exit codes: 0 attached, 1 the volume or the filter refuses, 64 usage, 66 no bypassio \
            volume there, 69 no control interface, 75 no answer, or reads are under way, 77 not \
            permitted or not allowed by filters_allowed.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Argument(
        help: ArgumentHelp(
            "A filter: \(ShippedFilter.names).", valueName: "name[=altitude][,key=value]..."))
    var filter: String

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    func run() throws { try place.order(filter, "/v1/instances", mountPoint) }
}

/// `bypassio load`: as `fltmc load`.
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Load a filter, and attach it to a mounted volume where it belongs.",
        discussion: """
            Exit codes: 0 loaded, 1 the volume or the filter refuses, 64 usage, 66 no bypassio \
            volume there, 69 no control interface, 75 no answer, or reads are under way, 77 not \
            permitted or not allowed by filters_allowed.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Argument(
        help: ArgumentHelp(
            "A filter: \(ShippedFilter.names).", valueName: "name[=altitude][,key=value]..."))
    var filter: String

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    func run() throws { try place.order(filter, "/v1/filters", mountPoint) }
}

/// Where a control interface is that is not at its usual place.
struct ControlPlaceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The socket, of a mount with control=PATH.", valueName: "path"))
    var socket: String?

    func client(
        _ mountPoint: String, patience: Duration = .seconds(15)
    ) throws -> MountControlClient {
        try MountControlClient(mountPoint, socket: socket, patience: patience)
    }

    func order(_ filter: String, _ path: String, _ mountPoint: String) throws {
        try reportingErrors {
            let setting = try FilterSetting(filter)
            let keys = setting.values.map(\.key)
            if let twice = keys.first(where: { key in keys.count { $0 == key } > 1 }) {
                throw CommandError(
                    .usage,
                    "\(twice) is named twice: name it once, and where bypassio set takes it say the "
                        + "others by that.")
            }
            let order = AttachOrder(
                filter: setting.filter.rawValue, altitude: setting.altitude?.description,
                settings: Dictionary(setting.values.map { ($0.key, $0.value) }) { $1 })
            let report = try client(mountPoint).ask { client throws(ControlClientError) in
                try client.send("POST", path, order, as: AttachReport.self)
            }
            let instance = report.instance
            StandardOutput.print(
                "\(instance.filter) is attached at altitude \(instance.altitude).".onOneLine)
            if let effect = report.effect { StandardOutput.print(effect.onOneLine) }
        }
    }
}

/// `bypassio detach`: as `fltmc detach`.
struct DetachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach",
        abstract: "Detach a filter from a mounted volume, while it is in use.",
        discussion: """
            Requests that are within the filter are waited for, ten seconds at most; it gets no new \
            ones meanwhile, and goes when they end.

            Exit codes: 0 detached, 1 the filter refuses, or is being detached already, 64 usage, \
            66 no bypassio volume there, or no such filter, 69 no control interface, 75 callbacks \
            still run, or no answer, 77 not permitted.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Flag(
        help: "Do not ask the filter, and do not wait for it: bypass comes back at once.")
    var force = false

    @Argument(help: "A filter, or an instance where it is attached more than once.")
    var name: String

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    func run() throws { try place.takeAway(name, "/v1/instances/", force, mountPoint, "detached") }
}

/// `bypassio unload`: as `fltmc unload`.
struct UnloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unload",
        abstract: "Detach a filter wherever it is attached on a mount, and forget it.",
        discussion: """
            Exit codes: 0 unloaded, 1 the filter refuses, 64 usage, 66 no bypassio volume there, or \
            no such filter, 69 no control interface, 75 callbacks still run, or no answer, 77 not \
            permitted.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Flag(
        help: "Do not ask the filter, and do not wait for it: bypass comes back at once.")
    var force = false

    @Argument(help: "A filter.")
    var name: String

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    func run() throws { try place.takeAway(name, "/v1/filters/", force, mountPoint, "unloaded") }
}

extension ControlPlaceOptions {
    fileprivate func takeAway(
        _ name: String, _ path: String, _ isForced: Bool, _ mountPoint: String, _ done: String
    ) throws {
        try reportingErrors {
            let target =
                path + ControlClient.escaped(name) + (isForced ? "?force=true" : "")
            let report = try client(mountPoint).ask { client throws(ControlClientError) in
                try client.delete(target, as: DetachReport.self)
            }
            let count = report.requestsWithin
            StandardOutput.print(
                report.isGone
                    ? "\(name.onOneLine) is \(done)."
                    : "\(name.onOneLine) is \(done); \(count) request\(count == 1 ? " is" : "s are") "
                        + "still within it, and bypass does not wait for \(count == 1 ? "it" : "them")."
            )
        }
    }
}

/// `bypassio set`: a filter's settings, while it is attached.
struct SetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change a setting of a filter that is attached to a mounted volume.",
        discussion: """
            Of readaudit every-read can be changed, of fault rule, remove and release; other \
            settings hold from the load on.

            Exit codes: 0 set, 1 the setting holds from the load on, 64 usage, 66 no bypassio \
            volume there, or no such filter, 69 no control interface, 75 it does not hold yet, or \
            no answer, 77 not permitted.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Argument(help: "A filter, or an instance where it is attached more than once.")
    var name: String

    @Argument(help: ArgumentHelp("The setting.", valueName: "key=value"))
    var setting: String

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    func run() throws {
        try reportingErrors {
            let pair = setting.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else {
                throw CommandError(.usage, "\(setting) is no setting: write key=value.")
            }
            let order = SettingsOrder(settings: [pair[0]: pair[1]])
            let path = "/v1/instances/" + ControlClient.escaped(name)
            _ = try place.client(mountPoint).ask { client throws(ControlClientError) in
                try client.send("PATCH", path, order, as: InstanceReport.self)
            }
            StandardOutput.print("\(name): \(setting)".onOneLine)
        }
    }
}
