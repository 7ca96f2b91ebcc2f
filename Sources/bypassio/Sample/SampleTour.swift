import BypassIOMount
import Foundation
import IOStack
import SystemPackage

/// What the sample shows: the same reads of another process, through the filters and past them,
/// and a file that cannot bypass.
struct SampleTour {
    private static let reads = 2000

    private let service: VolumeService
    private let through: SampleReader.Answer
    private let past: SampleReader.Answer
    private let refused: SampleReader.Answer
    /// Callbacks that each filter ran, before, between and after.
    private let counters: [[UInt64]]

    init(_ service: VolumeService, _ folder: SampleFolder) throws {
        self.service = service
        let place = service.mounted.mountPoint
        let large = place.appending(SampleFolder.large)
        var counters = [service.callbacks]
        through = try Self.read(large, reads: Self.reads)
        counters.append(service.callbacks)
        past = try Self.read(large, reads: Self.reads, "--enable")
        counters.append(service.callbacks)
        refused = try Self.read(place.appending(SampleFolder.sparse), reads: 0, "--enable")
        self.counters = counters
    }

    /// Runs the reader as a process of its own.
    private static func read(
        _ path: FilePath, reads: Int, _ more: String...
    ) throws -> SampleReader.Answer {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["read-as-program", path.string, "--reads", "\(reads)"] + more
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandError(.internalError, "The reading process failed; it said why above.")
        }
        return try JSONDecoder().decode(SampleReader.Answer.self, from: answer)
    }

    var lines: [String] {
        let place = service.mounted.mountPoint.string
        return service.report(isWaiting: false) + [""] + figures + [""] + refusal + [
            "",
            "Try it from another terminal:",
            "  bypassio filters \(place)",
            "  bypassio state -v \(place)/\(SampleFolder.large)",
            "  python3 Examples/reader.py \(place)/\(SampleFolder.large)",
            "  cp \(place)/\(SampleFolder.large) /tmp    (any program, unmodified)",
        ]
    }

    private var figures: [String] {
        var table = TextTable([
            ("4 KiB reads of another process", .left), ("us/read", .right),
            ("callbacks run by the filters", .right),
        ])
        table.append([
            "\(through.reads) through the filters", Self.time(through),
            Figures.grouped(Self.sum(counters[1]) - Self.sum(counters[0])),
        ])
        table.append([
            past.refusedBy.map { "\(past.reads), BypassIO refused by \($0)" }
                ?? "\(past.reads) after FS_BPIO_OP_ENABLE",
            Self.time(past), Figures.grouped(Self.sum(counters[2]) - Self.sum(counters[1])),
        ])
        return table.lines
            + (past.reason.map { ["  \($0)"] } ?? [])
            + [
                "(open and close are callbacks, too, and before it lets ENABLE pass the scanner",
                " reads the file once, which the filters below it see)",
            ]
    }

    private var refusal: [String] {
        guard let driver = refused.refusedBy, let reason = refused.reason else { return [] }
        return [
            "ENABLE on \(SampleFolder.sparse) is refused, and the answer names the layer:",
            "  \(driver): \(reason)",
        ]
    }

    private static func time(_ answer: SampleReader.Answer) -> String {
        answer.reads == 0
            ? "" : Figures.fixed(answer.seconds / Double(answer.reads) * 1e6, 1)
    }

    private static func sum(_ counts: [UInt64]) -> UInt64 { counts.reduce(0, +) }
}
