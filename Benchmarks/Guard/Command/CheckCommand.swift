import ArgumentParser
import Foundation

/// Measures everything and compares.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Measures every figure and compares it with its limit.",
        discussion: """
            A figure fails when it exceeds its limit by more than the tolerance, when it is below by \
            more (the limit is stale: lower it with --write), and when it has no limit. What this \
            machine cannot measure is skipped, with the reason.

            Exit code 0: all hold. 1: some do not. 64: wrong arguments. 74: the limits cannot be read \
            or written.
            """)

    @Flag(help: "Renews the limits by what is measured; tolerances stay.")
    var write = false

    @Option(help: "The file of the limits.")
    var limits = "Benchmarks/Guard/limits"

    func run() throws {
        let figures = measure()
        do {
            if write { return try renew(figures) }
            let report = Report(figures, try Limits(file: limits), compiler: Compiler.version())
            report.lines.forEach { print($0) }
            if report.failures > 0 { throw ExitCode(1) }
        } catch let error as LimitsError {
            FileHandle.standardError.write(Data("bypassio-guard: \(error)\n".utf8))
            throw ExitCode(74)
        }
    }

    private func renew(_ figures: Measurement) throws {
        let isThere = FileManager.default.fileExists(atPath: limits)
        var stored = isThere ? try Limits(file: limits) : Limits()
        stored.renew(figures, compiler: Compiler.version())
        try stored.write(to: limits)
        print("\(limits) has \(stored.lines.count) figures")
        // A route that does not work leaves its old limits.
        let failed = figures.gaps.filter(\.isFailure)
        failed.forEach { print("FAILED    \($0.route): \($0.reason)") }
        if !failed.isEmpty { throw ExitCode(1) }
    }

    private func measure() -> Measurement {
        var all = Measurement()
        all.add(AllocationCount.measure())
        all.add(InstructionCount.measure())
        all.add(MountCount.measure())
        return all
    }
}
