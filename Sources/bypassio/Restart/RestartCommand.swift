import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Terminal

/// `bypassio restart`: a new service process for a mount that stays in use.
struct RestartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Replace the service of a mount, also by a newer program, while it is in use.",
        discussion: """
            Open files, mappings, locks, bypass and pauses stay; programs see a delay. The new \
            service is the program at the place of the old one, with the old command line, and with \
            the filters that are attached now. If it cannot take over, the old service goes on as \
            it was. docs/restart.md says what cannot be handed over.

            Exit codes: 0 the new service serves, 1 the old one goes on, 64 usage, 66 no bypassio \
            volume there, 69 no control interface, 75 no answer, 77 not permitted.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    func run() throws {
        try reportingErrors {
            let client = try place.client(mountPoint, patience: .seconds(90))
            let report = try client.ask { client throws(ControlClientError) in
                try client.send("POST", "/v1/restart", [String: String](), as: RestartReport.self)
            }
            StandardOutput.print(
                "Process \(report.process) serves \(mountPoint.onOneLine); requests waited for "
                    + "\(report.pauseMilliseconds) ms at most.")
        }
    }
}
