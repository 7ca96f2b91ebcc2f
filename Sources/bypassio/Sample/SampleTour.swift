import BypassIOBench
import BypassIOMount
import Foundation
import IOStack
import SystemPackage

/// What the sample shows: the same reads of other processes by every route, and a file that cannot
/// bypass.
struct SampleTour {
    private static let reads = 2000
    /// How long a closed file may take to be known as closed. Seconds.
    private static let patience = 5.0

    /// One process' reads.
    private struct Passage {
        let name: String
        let answer: SampleReader.Answer
        /// That the filters ran meanwhile.
        let callbacks: UInt64
    }

    private let service: VolumeService
    private var passages: [Passage] = []
    private let refused: SampleReader.Answer

    init(_ service: VolumeService, _ folder: SampleFolder) throws {
        self.service = service
        let place = service.mounted.mountPoint
        let large = place.appending(SampleFolder.large)
        refused = try Self.read(place.appending(SampleFolder.sparse), reads: 0, "--enable")
        // Whoever may write has its reads carried by the service.
        try pass("opened for writing, too", large, "--writable")
        try pass("the same, after FS_BPIO_OP_ENABLE", large, "--writable", "--enable")
        guard service.mounted.kernelReadObstacle == nil else { return }
        try pass("opened for reading, by any program", large)
        try pass("the same, after FS_BPIO_OP_STREAM_PAUSE", large, "--pause")
    }

    private mutating func pass(_ name: String, _ path: FilePath, _ more: String...) throws {
        waitUntilClosed()
        let before = callbacks
        let answer = try Self.read(path, reads: Self.reads, more)
        passages.append(Passage(name: name, answer: answer, callbacks: callbacks - before))
    }

    /// The kernel tells of a close a moment later, and reads no file by itself that somebody else has in
    /// its cache.
    private func waitUntilClosed() {
        let end = DemoClock.wall + Self.patience
        while service.mounted.openHandleCount > 0, DemoClock.wall < end { usleep(1000) }
    }

    private var callbacks: UInt64 { service.callbacks.reduce(0, +) }

    /// Runs the reader as a process of its own.
    private static func read(
        _ path: FilePath, reads: Int, _ more: String...
    ) throws -> SampleReader.Answer {
        try read(path, reads: reads, more)
    }

    private static func read(
        _ path: FilePath, reads: Int, _ more: [String]
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
            ("\(Self.reads) reads of 4 KiB by a program of its own", .left), ("route", .left),
            ("us/read", .right), ("callbacks run by the filters", .right),
        ])
        for passage in passages {
            table.append([
                passage.name, passage.answer.route ?? "not known", Self.time(passage.answer),
                Figures.grouped(passage.callbacks),
            ])
        }
        return table.lines + passages.flatMap(Self.remarks)
            + [
                "(open and close are callbacks, too, and before it lets ENABLE pass the scanner",
                " reads the file once, which the filters below it see)",
            ] + (service.mounted.kernelReadObstacle.map { ["", $0] } ?? [])
    }

    private static func remarks(_ passage: Passage) -> [String] {
        let refusal = passage.answer.refusedBy.map { driver in
            "  \(passage.name): \(driver) refuses: \(passage.answer.reason ?? "")"
        }
        guard passage.answer.route == "gated" || refusal != nil else { return [] }
        return [refusal ?? passage.answer.because.map { "  gated because \($0)" }].compactMap(
            \.self)
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
}
