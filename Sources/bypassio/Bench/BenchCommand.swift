import ArgumentParser
import BypassIOBench
import Foundation
import SystemPackage
import Terminal

/// `bypassio bench`: measures every route of a read beside the backing directory itself.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure every route side by side with the backing directory itself.",
        discussion: """
            Makes files, mounts their directory several times, and runs each workload over each \
            route in turn, round after round. The mounts take FUSE, the kernel route root; what \
            cannot be had is left out, and the report says why. Nothing is left behind \
            but the file of the proof. docs/benchmarks.md explains every figure. Workloads: \
            \(BenchWorkload.all.map(\.name).joined(separator: ", ")).

            With --quick, or where --only names it, the \(Proof.name) comes first: a file that is \
            kept between runs is read past and through three of the filters that ship. Every route \
            returns the same bytes, the filters' counters tell which of them saw a read, and the \
            verdicts name the layer that refuses. It needs neither root nor FUSE.

            Exit codes: 0 measured, 64 usage, 70 internal error or routes that returned different \
            bytes, 73 a folder or a report cannot be written, or the folder takes no direct I/O, \
            130 stopped by a signal.
            """)

    @Flag(help: "Under 40 seconds: small files, few filters, one round, and the proof.")
    var quick = false

    @Flag(help: "Only the kernel route against native: no filters and eight.")
    var routes = false

    @Option(help: ArgumentHelp("Only these workloads.", valueName: "workload,…"))
    var only: String?

    @Option(help: ArgumentHelp("Passes over each route (3; quick 1).", valueName: "count"))
    var rounds: Int?

    @Option(help: ArgumentHelp("Of a pass (0.3; quick 0.05; --routes 1).", valueName: "seconds"))
    var seconds: Double?

    @Option(help: ArgumentHelp("Of the large file (256; quick 32).", valueName: "MiB"))
    var size: Int?

    @Option(help: "What carries O_DIRECT reads of ours: automatic, ring or threads.")
    var engine = BenchEngine.automatic

    @Option(
        help: ArgumentHelp(
            "Where the file of the proof is kept (default: bypassio under XDG_CACHE_HOME or "
                + "~/.cache).", valueName: "folder"))
    var cache: String?

    @Option(help: ArgumentHelp("Where files are made, on the file system to measure."))
    var folder = "/var/tmp"

    @Option(
        help: ArgumentHelp(
            "Another mount to measure: a directory in it that may be written, or that shows "
                + "--folder. Repeat for more.", valueName: "NAME=PATH"))
    var peer: [String] = []

    @Option(
        help: ArgumentHelp(
            "Further options of our own mounts, such as transport=ring.", valueName: "options"))
    var mountOptions = ""

    @Flag(help: "Drop all of the machine's caches before each pass (root).")
    var dropCaches = false

    @Option(
        help: ArgumentHelp("Write everything as JSON; - for standard output.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Write a page with charts.", valueName: "file"))
    var html: String?

    @Option(help: ArgumentHelp("Write the tables as Markdown.", valueName: "file"))
    var markdown: String?

    func validate() throws {
        if let rounds, !(1...1000).contains(rounds) {
            throw ValidationError("--rounds must be 1 to 1000.")
        }
        if let seconds, !(0.01...3600).contains(seconds) {
            throw ValidationError("--seconds must be 0.01 to 3600.")
        }
        if let size, !(1...65_536).contains(size) {
            throw ValidationError("--size must be 1 to 65536 MiB.")
        }
        _ = try workloads()
        _ = try peers()
    }

    func run() throws {
        try reportingErrors {
            Interruption.watch()
            do {
                try measure()
            } catch let error as BenchError {
                if Interruption.received != nil || error.kind == .interrupted {
                    throw CommandError(
                        .interrupted, "Stopped by a signal; what was mounted and made is gone.")
                }
                throw CommandError(
                    error.kind == .folder ? .cannotCreate : .internalError, error.description)
            }
        }
    }

    private func measure() throws {
        try engine.check()
        let plan = try plan()
        // Checked now, not after minutes of measuring.
        for path in [json, html, markdown] {
            if let path, path != "-" { try Self.write("", to: path) }
        }
        let folder = try BenchFolder(in: Self.absolute(folder))
        defer { folder.remove() }
        let (proof, obstacle) = try prove(plan)
        let report = try Bench(plan, in: folder, tell: Self.tell).run()
        folder.remove()
        try write(BenchAnswer(report: report, proof: proof, proofObstacle: obstacle))
        if proof?.isSame == false { throw CommandStatus.internalError.exitCode }
    }

    /// The proof, if requested. If only the default folder cannot hold the file, the bench measures
    /// the figures nevertheless: the user named neither the proof nor a folder.
    private func prove(_ plan: BenchPlan) throws -> (ProofReport?, obstacle: String?) {
        guard isProofWanted else { return (nil, nil) }
        do {
            Self.tell("\(Proof.name): the same bytes by every route, and which filters see a read")
            let proof = try Proof(
                in: CacheFolder(cache), size: plan.sizes.data, rounds: plan.rounds,
                engine: plan.engine)
            return (try proof.run(), nil)
        } catch let error as CommandError
            where error.status == .cannotCreate && only == nil && cache == nil
        {
            return (nil, error.message)
        }
    }

    private static func tell(_ line: String) {
        StandardOutput.complain("bench: \(line.onOneLine)")
    }

    private func write(_ answer: BenchAnswer) throws {
        if let json, json != "-" { try Self.write(JSONOutput.text(answer) + "\n", to: json) }
        if let html { try Self.write(answer.report.html, to: html) }
        if let markdown { try Self.write(answer.report.markdown, to: markdown) }
        if json == "-" {
            try JSONOutput.print(answer)
        } else {
            answer.lines.map(\.onOneLine).forEach(StandardOutput.print)
        }
    }

    private static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw CommandError(
                .cannotCreate, "\(path) cannot be written (\(error.localizedDescription.asClause))."
            )
        }
    }
}
