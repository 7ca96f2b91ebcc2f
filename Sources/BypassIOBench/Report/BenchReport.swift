import Terminal

/// The results of one run; `--json` prints them unchanged. docs/benchmarks.md explains the fields.
package struct BenchReport: Codable, Sendable {
    /// This structure's version; rises when a field changes its meaning or goes away.
    package static let currentFormat = 1

    /// How it was measured.
    package struct Settings: Codable, Sendable {
        package let rounds: Int
        /// Length of a pass.
        package let seconds: Double
        package let sizes: BenchSizes
        package let dropsAllCaches: Bool
        /// The command line.
        package let command: String
    }

    /// The results of the routes for one workload.
    package struct Result: Codable, Sendable {
        /// The workload's name for `--only`.
        package let workload: String
        package let title: String
        /// The meaning of one operation.
        package let operation: String
        package let movesData: Bool
        package let rows: [Row]

        package var native: Row? { rows.first { $0.route.kind == .native } }
    }

    /// A route, or a workload on it, that was not measured.
    package struct LeftOut: Codable, Sendable {
        package let route: RouteDescription
        /// nil: all workloads.
        package let workload: String?
        package let reason: String
    }

    package let format: Int
    package let settings: Settings
    package let machine: Machine
    /// Length of the whole run.
    package let seconds: Double
    package let results: [Result]
    package let leftOut: [LeftOut]
    /// Sentences on what could not be controlled or counted.
    package let notes: [String]

    init(
        plan: BenchPlan, machine: Machine, seconds: Double, results: [Result], leftOut: [LeftOut]
    ) {
        format = Self.currentFormat
        settings = Settings(
            rounds: plan.rounds, seconds: plan.seconds, sizes: plan.sizes,
            dropsAllCaches: plan.dropsAllCaches, command: plan.commandLine)
        self.machine = machine
        self.seconds = seconds
        self.results = results
        self.leftOut = leftOut
        let hasPeers = results.contains { $0.rows.contains { $0.route.kind == .peer } }
        notes = Self.notes(plan, machine, hasPeers: hasPeers)
    }

    /// The share of the CPUs that other programs may use before figures are doubtful.
    private static let noise = 0.05

    /// Sentences on what makes the figures doubtful. Every report has them before the figures.
    package var warnings: [String] {
        guard machine.otherLoad > Self.noise else { return [] }
        let load = Figures.threeDigits(machine.otherLoad * 100)
        return [
            "Noisy machine: other programs used \(load) % of the CPUs just before the run. They disturb, and "
                + "what they use counts into the CPU of the whole machine: measure again without them."
        ]
    }

    private static func notes(
        _ plan: BenchPlan, _ machine: Machine, hasPeers: Bool
    ) -> [String] {
        var notes: [String] = []
        if hasPeers {
            notes.append(
                "Another file system may answer an O_DIRECT read from the page cache below it; where it is "
                    + "faster than native, it was memory that it read.")
        }
        if let obstacle = SystemCallCounter.obstacle {
            notes.append("System calls were not counted: \(obstacle).")
        }
        if machine.isVirtual {
            notes.append(
                "This is a virtual machine: what its host does beside it, and the host's cache below "
                    + "the disk, are not controlled.")
        }
        notes.append(
            machine.governor.map { "The CPU governor is \($0); it was left as it is." }
                ?? "The kernel shows no CPU governor: the CPUs' frequency is not controlled.")
        if machine.otherLoad <= Self.noise {
            let load = Figures.threeDigits(machine.otherLoad * 100)
            notes.append("Other programs used \(load) % of the CPUs just before the run.")
        }
        notes.append(
            plan.dropsAllCaches && machine.isRoot
                ? "All caches of the machine were dropped before each pass."
                : "Before cold passes the page cache of the file alone was dropped; names stay cached."
        )
        return notes
    }
}
