import ArgumentParser
import BypassIOMount
import ControlInterface
import Foundation
import SystemPackage
import Terminal

/// `bypassio sample`: shows the main use on a directory of its own.
struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Mount a sample directory with filters, show bypass at work, and let you look.",
        discussion: """
            Writes a few files (once), mounts their directory with three filters, and lets other \
            processes read through them, past them, and, as root, by the kernel alone. Then it \
            serves the mount until Ctrl-C. Runs as root or not; without root it needs fusermount3 \
            (package fuse3).

            Exit codes: those of mount.
            """)

    @Option(
        help: ArgumentHelp(
            "Where the files are kept (default: bypassio under XDG_CACHE_HOME or ~/.cache).",
            valueName: "folder"))
    var cache: String?

    @Flag(help: "Unmount right after the report, for scripts.")
    var once = false

    func run() throws {
        try reportingErrors {
            var signals = VolumeService.signals()
            let folder = try SampleFolder(CacheFolder(cache).path)
            let place = try SampleMountPoint()
            defer { place.remove() }
            var settings = MountSettings(source: folder.path.string, mountPoint: place.path)
            try settings.apply("bypass", BypassOffer.auto.rawValue)
            settings.filters = try ["readaudit", "contentscan", "accessheat"].map {
                try FilterSetting($0)
            }
            let log = try ServiceLog(.nowhere)
            defer { log.end() }
            let service = try Self.mounted(settings, log)
            service.serveControl(canRestart: false)
            do {
                try SampleTour(service, folder).lines(isLeft: !once).map(\.onOneLine)
                    .forEach(StandardOutput.print)
            } catch {
                try service.end(&signals)
                throw error
            }
            if once { return try service.end(&signals) }
            StandardOutput.print("Press Ctrl-C to unmount.")
            try service.serve(&signals)
            StandardOutput.print("Unmounted.")
        }
    }

    /// With a control interface.
    private static func mounted(
        _ settings: MountSettings, _ log: ServiceLog
    ) throws -> VolumeService {
        let control = MountControl.prepared(settings, nil, try ControlExecutor(), log)
        do {
            return try VolumeService(settings, log, control)
        } catch {
            control.end()
            throw error
        }
    }
}

/// The sample's output: the same reads of other processes by every route, and a file that cannot
/// bypass.
struct SampleTour {
    private let service: VolumeService
    private let routes: RouteTour
    private let refused: SampleReader.Answer

    init(_ service: VolumeService, _ folder: SampleFolder) throws {
        self.service = service
        let place = service.mounted.mountPoint
        refused = try SampleReader.run(
            place.appending(SampleFolder.sparse), reads: 0, ["--enable"])
        routes = try RouteTour(service, reading: place.appending(SampleFolder.large))
    }

    /// - Parameter isLeft: the mount stays after the lines are printed.
    func lines(isLeft: Bool) -> [String] {
        let facts = RouteTour.lines(routes.passages) + obstacle + [""] + refusal
        guard isLeft else { return service.stack(isLeft: false) + [""] + facts }
        return service.report(isWaiting: false) + [""] + facts + invitation
    }

    private var invitation: [String] {
        let place = service.mounted.mountPoint.string
        return [
            "",
            "Try it from another terminal:",
            "  bypassio filters \(place)",
            "  bypassio events \(place)",
            "  bypassio state -v \(place)/\(SampleFolder.large)",
            "  python3 Examples/reader.py \(place)/\(SampleFolder.large)",
            "  cp \(place)/\(SampleFolder.large) /tmp    (any program, unmodified)",
        ]
    }

    private var obstacle: [String] {
        service.mounted.kernelReadObstacle.map { ["", $0] } ?? []
    }

    private var refusal: [String] {
        guard let driver = refused.refusedBy, let reason = refused.reason else { return [] }
        return [
            "ENABLE on \(SampleFolder.sparse) is refused, and the answer names the layer:",
            "  \(driver): \(reason)",
        ]
    }
}

/// Runs this program again.
enum OwnProcess {
    /// Decodes the JSON that the program prints; throws a ``CommandError`` if it fails, after its
    /// own message on standard error.
    static func answer<Answer: Decodable>(_ arguments: [String]) throws -> Answer {
        let child = try ChildProcess(
            [ChildProcess.ownProgram] + arguments, input: .inherited, output: .pipe,
            errors: .inherited)
        let answer = try child.output?.readToEnd() ?? Data()
        guard child.waitForEnd() == 0 else {
            throw CommandError(
                .internalError,
                "The process that ran \(arguments.first ?? "") failed; it said why above.")
        }
        return try JSONDecoder().decode(Answer.self, from: answer)
    }
}
