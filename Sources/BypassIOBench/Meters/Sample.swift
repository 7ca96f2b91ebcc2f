/// A pass of one workload over one route.
package struct Sample: Sendable {
    package let operations: UInt64
    package let bytes: UInt64
    package let use: Use
    package let histogram: LatencyHistogram?
    /// Latencies in nanoseconds by percentile (0 to 1), if another program reports no more (fio).
    private let told: [Double: UInt64]

    init(operations: UInt64, bytes: UInt64, use: Use, histogram: LatencyHistogram) {
        self.operations = operations
        self.bytes = bytes
        self.use = use
        self.histogram = histogram
        told = [:]
    }

    init(operations: UInt64, bytes: UInt64, use: Use, percentiles: [Double: UInt64]) {
        self.operations = operations
        self.bytes = bytes
        self.use = use
        histogram = nil
        told = percentiles
    }

    package var operationsPerSecond: Double { Double(operations) / use.wall }
    /// Megabytes of 1,000,000 bytes; 0 for a workload that moves no data.
    package var megabytesPerSecond: Double { Double(bytes) / use.wall / 1e6 }

    /// In nanoseconds; nil if not known.
    package func latency(_ part: Double) -> UInt64? {
        histogram?.percentile(part) ?? told[part]
    }

    /// Microseconds per operation.
    package var systemCPU: Double? { use.systemCPU.map(perOperation) }
    package var ownCPU: Double { perOperation(use.clientCPU + (use.serviceCPU ?? 0)) }
    package var serviceCPU: Double? { use.serviceCPU.map(perOperation) }
    package var contextSwitches: Double? {
        use.contextSwitches.map { Double($0) / Double(operations) }
    }
    package var systemCalls: Double? { use.systemCalls.map { Double($0) / Double(operations) } }

    private func perOperation(_ seconds: Double) -> Double { seconds * 1e6 / Double(operations) }
}
