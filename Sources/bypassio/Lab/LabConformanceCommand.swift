import ArgumentParser
import BypassIOLab
import Foundation
import SystemPackage
import Terminal

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
