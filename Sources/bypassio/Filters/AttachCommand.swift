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

    func client(_ mountPoint: String) throws -> MountControlClient {
        try MountControlClient(mountPoint, socket: socket)
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
