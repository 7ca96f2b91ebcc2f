import ArgumentParser
import Terminal

/// `bypassio state`: answers like `fsutil bypassIo state` on Windows, for any path of this machine.
struct StateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state",
        abstract:
            "Tell whether a file, directory or volume supports BypassIO, or who is in the way.",
        discussion: """
            Sends FS_BPIO_OP_QUERY and prints the verdict in the words of fsutil bypassIo state. \
            On a mounted bypassio volume the question goes to its service; elsewhere to a volume \
            made over the path, and with -v every layer's answer is shown, top to bottom. Without -v \
            and --handles it prints what fsutil prints, and nothing else; /v is taken for -v. \
            Without a path it prints a line for each mounted volume, with the route of its reads and \
            who is in the way.

            Exit codes: 0 supported, 1 not supported, 2 partially supported, 64 usage, 66 no \
            such file or not readable, 70 internal error, 75 no answer within 5 seconds.
            """)

    @Argument(
        help: "A file, a directory or a mount point; without it every mounted volume is a line.",
        completion: .file())
    var path: String?

    @Flag(name: .shortAndLong, help: "Print the storage and what every layer says.")
    var verbose = false

    @Flag(
        help: ArgumentHelp(
            "On a mounted volume: who has the file open, which way the reads go, and why.",
            discussion: "Part of -v."))
    var handles = false

    @Flag(help: "Print JSON; it always has every layer.")
    var json = false

    func run() throws {
        try reportingErrors {
            guard let path else {
                let volumes = VolumesState()
                if json { return try JSONOutput.print(volumes) }
                return volumes.lines.map(\.onOneLine).forEach(StandardOutput.print)
            }
            _ = try ArgumentPath.answering(path)
            let report = try StateReport(of: HostPath(path))
            if json {
                try JSONOutput.print(report)
            } else {
                report.lines(verbose: verbose, handles: handles).map(\.onOneLine).forEach(
                    StandardOutput.print)
            }
            if report.verdict.status != .success { throw report.verdict.status.exitCode }
        }
    }
}
