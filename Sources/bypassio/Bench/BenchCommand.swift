import ArgumentParser
import BypassIOBench
import Foundation
import SystemPackage
import Terminal

/// `bypassio bench`: every route of a read, side by side with the backing directory itself.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure every route side by side with the backing directory itself.",
        discussion: """
            Makes files, mounts their directory several times, and runs each workload over each \
            route in turn, round after round. The mounts take FUSE, the kernel route root; what \
            cannot be had is left out, and the report says why. Nothing is left behind. \
            docs/benchmarks.md explains every figure. Workloads: \
            \(BenchWorkload.all.map(\.name).joined(separator: ", ")).

            Exit codes: 0 measured, 64 usage, 70 internal error, 73 the folder or a report cannot \
            be written, 130 stopped by a signal.
            """)

    @Flag(help: "Under 40 seconds: small files, few filters, one round.")
    var quick = false

    @Flag(help: "Only the kernel route against native: no filters and eight.")
    var routes = false

    @Option(help: ArgumentHelp("Only these workloads.", valueName: "workload,…"))
    var only: String?

    @Option(help: ArgumentHelp("Passes over each route (3; quick 1).", valueName: "count"))
    var rounds: Int?

    @Option(help: ArgumentHelp("Of a pass (0.3; quick 0.05; --routes 1).", valueName: "seconds"))
    var seconds: Double?

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
        let plan = try plan()
        // Not after minutes of measuring.
        for path in [json, html, markdown] {
            if let path, path != "-" { try Self.write("", to: path) }
        }
        let folder = try BenchFolder(in: Self.absolute(folder))
        defer { folder.remove() }
        let report = try Bench(plan, in: folder) {
            StandardOutput.complain("bench: \($0.onOneLine)")
        }
        .run()
        folder.remove()
        try write(report)
    }

    private func write(_ report: BenchReport) throws {
        if let json, json != "-" { try Self.write(JSONOutput.text(report) + "\n", to: json) }
        if let html { try Self.write(report.html, to: html) }
        if let markdown { try Self.write(report.markdown, to: markdown) }
        if json == "-" {
            try JSONOutput.print(report)
        } else {
            report.lines.map(\.onOneLine).forEach(StandardOutput.print)
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

    // MARK: The plan

    private func plan() throws -> BenchPlan {
        var plan = BenchPlan(program: FilePath(ChildProcess.ownProgram))
        plan.workloads = try workloads()
        plan.isOfKernelRoute = routes
        plan.dropsAllCaches = dropCaches
        plan.peers = try peers()
        plan.mountOptions = mountOptions
        plan.commandLine = (["bypassio"] + CommandLine.arguments.dropFirst().map(Self.quoted))
            .joined(separator: " ")
        if routes { plan.seconds = 1 }
        if quick {
            plan.sizes = .quick
            plan.filterCounts = [0, 8]
            (plan.rounds, plan.seconds) = (1, 0.05)
        }
        if let rounds { plan.rounds = rounds }
        if let seconds { plan.seconds = seconds }
        return plan
    }

    private func workloads() throws -> [BenchWorkload] {
        let all = routes ? BenchWorkload.ofRoutes : BenchWorkload.all
        guard let only else { return all }
        let names = only.split(separator: ",").map(String.init)
        let unknown = names.filter { name in !all.contains { $0.name == name } }
        guard unknown.isEmpty, !names.isEmpty else {
            throw ValidationError(
                "There is no workload \(unknown.first ?? "in --only"); there are "
                    + all.map(\.name).joined(separator: ", ") + ".")
        }
        return all.filter { names.contains($0.name) }
    }

    private func peers() throws -> [BenchPlan.Peer] {
        try peer.map { text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw ValidationError("--peer \(text): write NAME=PATH.")
            }
            return BenchPlan.Peer(name: parts[0], path: Self.absolute(parts[1]))
        }
    }

    /// As a shell takes it for one word.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || $0.properties.numericType != nil
                || "-_./,=+:@%".contains(Character($0))
        }
        return isPlain && !word.isEmpty
            ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }

    private static func absolute(_ path: String) -> FilePath {
        FilePath(URL(fileURLWithPath: path).path)
    }
}
