import ArgumentParser
import BypassIOProtocol
import ControlInterface
import Terminal

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
