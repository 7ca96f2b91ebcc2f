import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Foundation
import Terminal

/// `bypassio top`: who reads by which route now, and what the filters cost.
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch a mount: reads by route, busiest files and processes, filters, events.",
        discussion: """
            Keys: q quits, p or space stops and goes on, f shows only readers that do not bypass. \
            Reads by the kernel pass no service, so they are not counted; their handles are. While \
            it looks, filters' callbacks are timed.

            Exit codes: 0 quit or the mount's end, 64 usage, 66 no bypassio volume there, 69 no \
            control interface, 75 no answer, 77 not permitted.
            """)

    @OptionGroup var place: ControlPlaceOptions

    @Argument(help: "Where the volume is mounted.")
    var mountPoint: String

    @Flag(help: "Look once, and print that.")
    var once = false

    @Flag(help: "Print JSON, a line for each look.")
    var json = false

    @Option(help: ArgumentHelp("Seconds between looks, 0.1 to 60.", valueName: "seconds"))
    var interval = 1.0

    func validate() throws {
        guard 0.1...60 ~= interval else {
            throw ValidationError("--interval takes 0.1 to 60 seconds.")
        }
    }

    func run() throws {
        try reportingErrors {
            let asked = try place.client(mountPoint)
            let screen = once || json ? nil : TopScreen()
            defer { screen?.end() }
            var view = TopView(mountPoint: mountPoint)
            while true {
                do {
                    view.take(try look(asked))
                } catch let error as CommandError
                    where error.status == .noInput && view.activity != nil
                {
                    // The mount has ended.
                    return
                }
                if json {
                    try JSONOutput.printLine(view.activity)
                } else if let screen {
                    screen.draw(view.lines(width: screen.width, height: screen.height))
                } else {
                    view.lines(width: 80, height: .max).map(\.onOneLine)
                        .forEach(StandardOutput.print)
                }
                if once { return }
                guard let screen else { continue }
                guard screen.handleKeys(&view) else { return }
            }
        }
    }

    private func look(_ asked: MountControlClient) throws -> (ActivityReport, EventPage) {
        let milliseconds = Int(interval * 1000)
        return try asked.ask { client throws(ControlClientError) in
            let activity: ActivityReport = try client.get(
                "/v1/activity?milliseconds=\(milliseconds)&limit=40")
            return (activity, try client.get("/v1/events?limit=4096"))
        }
    }
}
