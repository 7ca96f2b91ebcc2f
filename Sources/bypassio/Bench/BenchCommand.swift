import ArgumentParser
import BypassIOBench
import DirectRead
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

    @Flag(
        help: """
            A working day (git, tar, find, grep, make, rm) in the directory itself, guarded, and over \
            bindfs and fuse-overlayfs where they are installed.
            """)
    var day = false

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
        let isOther =
            quick || routes || only != nil || size != nil || seconds != nil || !peer.isEmpty
            || html != nil || dropCaches || !mountOptions.isEmpty
        if day, isOther {
            throw ValidationError(
                "--day goes with --rounds, --folder, --json and --markdown alone.")
        }
        _ = try workloads()
        _ = try peers()
    }

    func run() throws {
        try reportingErrors {
            Interruption.watch()
            do {
                if day { try spendDay() } else { try measure() }
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

    private func spendDay() throws {
        for path in [json, markdown] {
            if let path, path != "-" { try Self.write("", to: path) }
        }
        let folder = try BenchFolder(in: Self.absolute(folder))
        defer { folder.remove() }
        let report = try DayBench(
            program: FilePath(ChildProcess.ownProgram), rounds: rounds ?? 3,
            command: Self.ownCommand, in: folder, tell: Self.tell
        ).run()
        folder.remove()
        if let json, json != "-" { try Self.write(JSONOutput.text(report) + "\n", to: json) }
        if let markdown { try Self.write(report.markdown, to: markdown) }
        if json == "-" {
            try JSONOutput.print(report)
        } else {
            report.lines.map(\.onOneLine).forEach(StandardOutput.print)
        }
    }

    private static var ownCommand: String {
        (["bypassio"] + CommandLine.arguments.dropFirst().map(quoted)).joined(separator: " ")
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

extension BenchCommand {
    func plan() throws -> BenchPlan {
        var plan = BenchPlan(program: FilePath(ChildProcess.ownProgram))
        plan.workloads = try workloads()
        plan.isOfKernelRoute = routes
        plan.dropsAllCaches = dropCaches
        plan.peers = try peers()
        plan.mountOptions = mountOptions
        plan.engine = engine.policy
        plan.commandLine = Self.ownCommand
        if routes { plan.seconds = 1 }
        if quick {
            plan.sizes = .quick
            plan.filterCounts = [0, 8]
            (plan.rounds, plan.seconds) = (1, 0.05)
        }
        if let rounds { plan.rounds = rounds }
        if let seconds { plan.seconds = seconds }
        if let size { plan.sizes.data = UInt64(size) << 20 }
        return plan
    }

    func workloads() throws -> [BenchWorkload] {
        let all = routes ? BenchWorkload.ofRoutes : BenchWorkload.all
        guard let only else { return all }
        let names = only.split(separator: ",").map(String.init)
        let known = all.map(\.name) + [Proof.name]
        let unknown = names.filter { !known.contains($0) }
        guard unknown.isEmpty, !names.isEmpty else {
            throw ValidationError(
                "There is no workload \(unknown.first ?? "in --only"); there are "
                    + known.joined(separator: ", ") + ".")
        }
        return all.filter { names.contains($0.name) }
    }

    var isProofWanted: Bool {
        guard let only else { return quick && !routes }
        return only.split(separator: ",").contains { $0 == Proof.name }
    }

    func peers() throws -> [BenchPlan.Peer] {
        try peer.map { text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw ValidationError("--peer \(text): write NAME=PATH.")
            }
            return BenchPlan.Peer(name: parts[0], path: Self.absolute(parts[1]))
        }
    }

    /// Quotes a word for the shell.
    static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || $0.properties.numericType != nil
                || "-_./,=+:@%".contains(Character($0))
        }
        return isPlain && !word.isEmpty
            ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }

    static func absolute(_ path: String) -> FilePath {
        FilePath(URL(fileURLWithPath: path).path)
    }
}

/// The mechanism that carries the bench's own O_DIRECT reads.
enum BenchEngine: String, ExpressibleByArgument, CaseIterable {
    case automatic
    case ring
    case threads

    var policy: ReadEngines.Policy {
        switch self {
        case .automatic: .automatic
        case .ring: .ring
        case .threads: .threadPool
        }
    }

    /// Throws the reason why the requested engine is unavailable here, before any write.
    func check() throws {
        do throws(ReadEngineError) {
            try ReadEngines.make(depth: 1, slotSize: 4096, policy: policy).close()
        } catch {
            throw CommandError(
                .internalError, "\(error); leave out --engine to read by what is allowed.")
        }
    }
}

/// The results of a run: the figures, and the proof if requested.
struct BenchAnswer: Encodable {
    let report: BenchReport
    let proof: ProofReport?
    /// Why there is no proof although it was requested; one sentence.
    let proofObstacle: String?

    private enum CodingKeys: CodingKey {
        case proof
        case proofObstacle
    }

    /// Encodes the report's fields and these on the same level.
    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(proof, forKey: .proof)
        try container.encodeIfPresent(proofObstacle, forKey: .proofObstacle)
    }

    var lines: [String] {
        report.lines + (proofObstacle.map { ["Left out: \(Proof.name): \($0)".asSentence] } ?? [])
            + (proof.map { [""] + $0.lines } ?? [])
    }
}
