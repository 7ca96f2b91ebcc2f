import ArgumentParser
import BypassIOLab
import Terminal

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
