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
