import ArgumentParser
import BypassIOLab
import Foundation
import SystemPackage
import Terminal

/// `bypassio lab`: scenarios, the conformance suite.
struct LabCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Play scenarios: a stack, a script, and the answers that a rule demands.",
        discussion: "docs/lab.md explains the language; Scenarios/ has one or more for each rule.",
        subcommands: [LabRunCommand.self, LabNewCommand.self, LabConformanceCommand.self])
}

/// `bypassio lab run`: plays scenarios.
struct LabRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Play scenarios and show every answer that differs.",
        discussion: """
            In this process, on a volume in memory; with --mount on a real mount of a temporary \
            folder, served by another process. A folder stands for all scenarios (*.lab) below it.

            Exit codes: 0 every scenario passed, or failed as it says it does; 1 one failed; 64 \
            usage; 65 a file has a fault; 66 no such file; with --mount also those of mount.
            """)

    @Flag(help: "Play on a real mount: as root by mount(2), else through fusermount3.")
    var mount = false

    @Option(
        help: ArgumentHelp(
            "Where the files behind a mount are made; its file system decides what can bypass.",
            valueName: "folder"))
    var folder = "/var/tmp"

    @Flag(name: .shortAndLong, help: "Show only scenarios that fail, and the sum.")
    var quiet = false

    @Argument(help: "Scenario files, or folders of them.")
    var files: [String]

    func run() throws {
        try reportingErrors {
            let files = try ScenarioFiles(files)
            try files.demandNoFaults()
            var results: [ScenarioResult] = []
            for scenario in files.scenarios {
                let result =
                    mount
                    ? try MountedRun.run(scenario, in: folder)
                    : ScenarioRunner().runInProcess(scenario)
                results.append(result)
                if !quiet || !result.isAccepted {
                    result.lines.forEach { StandardOutput.print($0.onOneLine) }
                }
            }
            let failed = results.filter { !$0.isAccepted }.count
            StandardOutput.print(Self.sum(results, failed: failed))
            if failed > 0 { throw CommandStatus.notSupported.exitCode }
        }
    }

    private static func sum(_ results: [ScenarioResult], failed: Int) -> String {
        var known = 0
        var skipped = 0
        for result in results {
            switch result.verdict {
            case .failedAsKnown: known += 1
            case .notRun: skipped += 1
            default: break
            }
        }
        let passed = results.count - failed - known - skipped
        let more = [(known, "failed as known"), (skipped, "not run here")]
            .filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }.joined()
        return "\(results.count) scenario\(results.count == 1 ? "" : "s"): \(passed) passed, "
            + "\(failed) failed\(more)"
    }
}

/// `bypassio lab new`: writes a first scenario.
struct LabNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a commented scenario to begin with.",
        discussion: """
            Without FILE it goes to standard output. A file that exists stays as it is.

            Exit codes: 0 written, 64 usage, 73 the file exists or cannot be written.
            """)

    @Argument(help: "The file to write.")
    var file: String?

    func run() throws {
        try reportingErrors {
            guard let file else {
                return StandardOutput.write(StarterScenario.text, to: .standardOutput)
            }
            do {
                let descriptor = try FileDescriptor.open(
                    ArgumentPath.path(file), .writeOnly,
                    options: [.create, .exclusiveCreate, .closeOnExec],
                    permissions: [.ownerReadWrite, .groupRead, .otherRead])
                try descriptor.closeAfter {
                    _ = try descriptor.writeAll(StarterScenario.text.utf8)
                }
            } catch {
                throw CommandError(
                    .cannotCreate, "\(file) cannot be made (\(error)): name a new file.")
            }
        }
    }
}

/// `bypassio lab conformance`: plays a folder of scenarios and writes the table of rules.
struct LabConformanceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Play a folder of scenarios and write the table of rules, scenarios and results.",
        discussion: """
            FOLDER holds rules.txt, the list of rules, and the scenarios. Without --mount the \
            mount's column says what the files declare.

            Exit codes: those of lab run; 1 also for a rule without a scenario; 73 the table \
            cannot be written.
            """)

    @Flag(help: "Play on a real mount, too.")
    var mount = false

    @Option(
        help: ArgumentHelp("Where the files behind a mount are made.", valueName: "folder"))
    var folder = "/var/tmp"

    @Option(help: ArgumentHelp("Write here, not to standard output.", valueName: "file"))
    var write: String?

    @Argument(help: "The folder of scenarios.")
    var scenarios: String

    func run() throws {
        try reportingErrors {
            let table = try self.table()
            table.unknown.forEach { StandardOutput.complain("\($0)".onOneLine) }
            guard table.unknown.isEmpty else { throw CommandStatus.malformed.exitCode }
            let text = table.markdown(folder: "../\(Self.name(of: scenarios))")
            if let write {
                guard (try? Data(text.utf8).write(to: URL(fileURLWithPath: write))) != nil else {
                    throw CommandError(.cannotCreate, "\(write) cannot be written.")
                }
            } else {
                StandardOutput.write(text, to: .standardOutput)
            }
            let failed = table.entries.flatMap { [$0.inProcess, $0.onMount].compactMap(\.self) }
                .filter { !$0.isAccepted }
            failed.flatMap(\.lines).forEach { StandardOutput.complain($0.onOneLine) }
            for rule in table.unproven {
                StandardOutput.complain("bypassio: rule \(rule.number) has no scenario.")
            }
            guard failed.isEmpty, table.unproven.isEmpty else {
                throw CommandStatus.notSupported.exitCode
            }
        }
    }

    private func table() throws -> ConformanceTable {
        let files = try ScenarioFiles([scenarios])
        try files.demandNoFaults()
        let rules = "\(scenarios)/rules.txt"
        let text = try ScenarioFiles.text(rules)
        let book: RuleBook
        do throws(Diagnostics) {
            book = try RuleBook(parsing: text, file: rules)
        } catch {
            error.all.forEach { StandardOutput.complain("\($0)".onOneLine) }
            throw CommandStatus.malformed.exitCode
        }
        let entries = try files.scenarios.map { scenario in
            ConformanceTable.Entry(
                path: String(scenario.file.dropFirst(scenarios.count).drop { $0 == "/" }),
                inProcess: ScenarioRunner().runInProcess(scenario),
                onMount: mount ? try MountedRun.run(scenario, in: folder) : nil)
        }
        return ConformanceTable(book, entries)
    }

    private static func name(of folder: String) -> String {
        URL(fileURLWithPath: folder).lastPathComponent
    }
}
