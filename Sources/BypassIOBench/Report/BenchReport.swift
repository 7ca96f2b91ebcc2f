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

extension BenchReport {
    /// A route's figures for one workload, over the rounds.
    package struct Row: Codable, Sendable {
        /// A point of the distribution of latencies over all rounds.
        package struct Point: Codable, Sendable {
            /// From 0 to 1.
            package let part: Double
            package let microseconds: Double
        }

        package let route: RouteDescription
        package let operationsPerSecond: Spread?
        /// Megabytes of 1,000,000 bytes; nil for a workload that moves no data.
        package let megabytesPerSecond: Spread?
        /// In microseconds.
        package let latency50: Spread?
        package let latency99: Spread?
        package let latency999: Spread?
        /// Microseconds per operation, of the whole machine.
        package let systemCPU: Spread?
        /// Microseconds per operation of the reading and the serving process together.
        package let ownCPU: Spread?
        package let serviceCPU: Spread?
        /// Per operation, of both processes.
        package let contextSwitches: Spread?
        package let systemCalls: Spread?
        /// Operations per second against native in the same round; nil for native.
        package let throughputRatio: Spread?
        /// The same for the CPU times.
        package let systemCPURatio: Spread?
        package let ownCPURatio: Spread?
        package let distribution: [Point]

        static let parts = [
            0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9999,
        ]

        init(_ route: RouteDescription, _ samples: [Sample], native: [Sample]) {
            func spread(_ figure: (Sample) -> Double?) -> Spread? {
                let values = samples.map(figure)
                // If the figure lacks in one round, there is none.
                return values.contains { $0 == nil } ? nil : Spread(values.compactMap(\.self))
            }
            func latency(_ part: Double) -> Spread? {
                spread { $0.latency(part).map { Double($0) / 1000 } }
            }
            func ratio(_ figure: (Sample) -> Double?) -> Spread? {
                guard route.kind != .native, native.count == samples.count else { return nil }
                let ratios = zip(samples, native).map { own, limit -> Double? in
                    guard let own = figure(own), let limit = figure(limit), limit > 0 else {
                        return nil
                    }
                    return own / limit
                }
                return ratios.contains { $0 == nil } ? nil : Spread(ratios.compactMap(\.self))
            }
            self.route = route
            operationsPerSecond = spread(\.operationsPerSecond)
            megabytesPerSecond = spread { $0.bytes > 0 ? $0.megabytesPerSecond : nil }
            latency50 = latency(0.5)
            latency99 = latency(0.99)
            latency999 = latency(0.999)
            systemCPU = spread(\.systemCPU)
            ownCPU = spread(\.ownCPU)
            serviceCPU = spread(\.serviceCPU)
            contextSwitches = spread(\.contextSwitches)
            systemCalls = spread(\.systemCalls)
            throughputRatio = ratio(\.operationsPerSecond)
            systemCPURatio = ratio(\.systemCPU)
            ownCPURatio = ratio(\.ownCPU)
            distribution = Self.distribution(samples)
        }

        private static func distribution(_ samples: [Sample]) -> [Point] {
            var all = LatencyHistogram()
            for histogram in samples.compactMap(\.histogram) { all.merge(histogram) }
            return parts.compactMap { part in
                all.percentile(part).map { Point(part: part, microseconds: Double($0) / 1000) }
            }
        }
    }
}

extension BenchReport.Result {
    init(
        _ workload: BenchWorkload, _ samples: [(route: RouteDescription, samples: [Sample?])]
    ) {
        let whole = samples.map { ($0.route, $0.samples.compactMap(\.self)) }
        let native = whole.first { $0.0.kind == .native }?.1 ?? []
        self.init(
            workload: workload.name, title: workload.title, operation: workload.operation,
            movesData: workload.movesData,
            rows: whole.map { BenchReport.Row($0.0, $0.1, native: native) })
    }
}
