import ArgumentParser
import BypassIOProtocol
import HostFileSystem
import IOStack
import LinuxKit
import SystemPackage
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

/// The results of `bypassio state`.
struct StateReport: Encodable {
    struct Layer: Encodable {
        let layer: String
        let driver: String
        /// For a filter.
        let altitude: String?
        let isInTheWay: Bool
        let ntStatus: UInt32
        let ntStatusName: String?
        let reason: String?

        init(_ answer: LayerAnswer) {
            layer = answer.layer.rawValue
            driver = answer.driver
            altitude = answer.altitude?.description
            isInTheWay = answer.veto != nil
            ntStatus = (answer.veto?.status ?? .success).rawValue
            ntStatusName = (answer.veto?.status ?? .success).name
            reason = answer.veto?.reason
        }
    }

    let path: String
    let resolvedPath: String
    let verdict: BypassVerdict
    /// For a file on a mounted volume: why its reads now take the traditional route, although no
    /// layer refuses; nil if they do not.
    let traditionalBecause: String?
    /// For a file on a mounted volume: its open handles, and the routes of their reads.
    let handles: [StreamReport.Handle]
    /// Handles that the report has left out.
    let furtherHandles: Int
    let layers: [Layer]
    /// Facts about the file and its disk, for people; on a mounted volume about the file behind the
    /// mount.
    let facts: [String]
    /// The same as fields, each with its source.
    let hostFacts: [HostFact]
    /// Fields that the report has left out.
    let furtherHostFacts: Int

    /// Mounts a volume over the path, asks it, and dismounts it.
    init(of place: HostPath) throws {
        path = place.named
        resolvedPath = place.resolved.string
        if let mounted = try MountedState(of: place) {
            verdict = mounted.verdict
            traditionalBecause = mounted.traditionalBecause
            handles = mounted.handles
            furtherHandles = mounted.furtherHandles
            layers = mounted.layers.map(Layer.init)
            (facts, hostFacts) = (mounted.facts.lines, mounted.facts.fields)
            furtherHostFacts = mounted.furtherFacts
            return
        }
        let inspection = try place.inspect()
        (facts, hostFacts) = (inspection.facts, inspection.fields)
        furtherHostFacts = 0
        traditionalBecause = nil
        (handles, furtherHandles) = ([], 0)
        let io = IOManager()
        // A mount point stands for its volume; any other path is looked up from its directory.
        let root = place.isMountPoint ? place.resolved : place.resolved.removingLastComponent()
        let name = place.isMountPoint ? nil : place.resolved.lastComponent
        do {
            let volume = try HostVolume.mount(directory: root, on: io)
            let file = try volume.open(name.map { FilePath(root: nil, [$0]) } ?? "")
            defer { file.close() }
            verdict = try BypassVerdict(of: file)
            layers = try file.explainBypassIO().map(Layer.init)
        } catch let failure as IOFailure {
            throw place.meaning(of: failure.errno)
        } catch let error as HostVolumeError {
            throw CommandError(.noInput, "\(error)")
        }
    }
}

extension StateReport {
    /// Without `verbose` and `handles` only the lines of fsutil, so that scripts for those can
    /// parse these.
    func lines(verbose: Bool, handles showsHandles: Bool) -> [String] {
        let routes =
            (traditionalBecause.map {
                ["Its reads take the traditional route now, because \($0)".asSentence]
            } ?? []) + handles.map(\.line)
            + (furtherHandles > 0 ? ["And \(furtherHandles) more."] : [])
        let verdictLines =
            verdict.fsutilLines(path: path, verbose: verbose)
            + (verbose || showsHandles ? routes : [])
        guard verbose else { return verdictLines }
        var table = TextTable([
            ("layer", .left), ("driver", .left), ("altitude", .right), ("answer", .left),
            ("reason", .left),
        ])
        for layer in layers {
            table.append([
                layer.layer, layer.driver, layer.altitude ?? "",
                layer.isInTheWay ? layer.ntStatusName ?? "refuses" : "lets BypassIO through",
                layer.reason ?? "",
            ])
        }
        return verdictLines + ["", "Every layer, top to bottom:"] + table.lines
            + ["", "What the host says:"] + facts
    }
}

extension StreamReport.Handle {
    fileprivate var line: String {
        // What changed the route is often what keeps it.
        let since = cause == because ? "" : ", since \(cause)"
        let reason = because.map { ", because \($0)" } ?? ""
        let time = Figures.ago(seconds: seconds)
        return "Open by process \(openedBy): \(route) for \(time)\(since)\(reason)\(warning)"
            .asSentence
    }

    /// What the filters cannot stop when the kernel reads the file itself.
    private var warning: String {
        guard isReadByKernel else { return "" }
        return isRevocable
            ? " (what it maps of the file cannot be stopped)"
            : " (neither its reads nor what it maps of the file can be stopped)"
    }
}

/// The process that opened a file, of which the kernel told the thread.
struct ReadingProcess {
    /// The thread's own number where it has ended.
    let id: Int32
    /// As the kernel shows it; nil where it has ended.
    let name: String?

    init(thread: Int32) {
        let status = TaskStatus(thread: thread)
        id = status?.process ?? thread
        name = status?.name
    }

    /// `4711 (less)`.
    var words: String { name.map { "\(id) (\($0))" } ?? "\(id), which has ended," }
}
