import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Terminal

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
