import Glibc
import LinuxKit

/// Measures the resources used between its creation and ``use()``, by this process, a service, and
/// the machine.
struct Meter: ~Copyable {
    private let service: Int32?
    private let calls: SystemCallCounter?
    private let callsBefore: UInt64
    private let serviceBefore: ProcessUse?
    private let ownBefore: ProcessUse
    private let systemBefore: SystemTimes?
    private let start: UInt64

    /// `service` is the process that serves the reads, nil for none.
    init(service: Int32?) {
        self.service = service
        calls = SystemCallCounter(process: service ?? 0)
        serviceBefore = service.flatMap(ProcessUse.of)
        systemBefore = SystemTimes()
        ownBefore = .own()
        callsBefore = calls?.count ?? 0
        start = KernelClock.monotonic
    }

    func use() -> Use {
        let end = KernelClock.monotonic
        let callsAfter = calls?.count
        let own = ProcessUse.own()
        var use = Use()
        use.wall = Double(end - start) / 1e9
        use.clientCPU = own.cpu - ownBefore.cpu
        use.contextSwitches = own.contextSwitches - ownBefore.contextSwitches
        if let after = SystemTimes(), let before = systemBefore {
            use.systemCPU = max(0, after.busy - before.busy)
        }
        if let service, let before = serviceBefore, let after = ProcessUse.of(service) {
            use.serviceCPU = after.cpu - before.cpu
            // Threads that ended took their counts along.
            let switches =
                after.contextSwitches - min(after.contextSwitches, before.contextSwitches)
            use.contextSwitches = (use.contextSwitches ?? 0) + switches
        }
        use.systemCalls = callsAfter.map { $0 - callsBefore }
        return use
    }
}

/// Records a pass: its latencies, its beginning and its end.
///
/// Belongs to the thread that measures. Made once; passes allocate nothing through it between
/// ``begin(service:)`` and ``end(operations:bytes:)``.
package final class Recorder {
    package var histogram = LatencyHistogram()
    private var meter: Meter?

    package init() {}

    /// Starts counting. `service` is the process that serves the reads.
    func begin(service: Int32?) {
        histogram.clear()
        meter = Meter(service: service)
    }

    @inline(__always)
    func record(_ nanoseconds: UInt64) { histogram.record(nanoseconds) }

    func end(operations: UInt64, bytes: UInt64) -> Sample {
        let use = meter?.use() ?? Use()
        meter = nil
        return Sample(operations: operations, bytes: bytes, use: use, histogram: histogram)
    }
}

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

/// The resources that a pass used.
package struct Use: Sendable {
    /// In seconds.
    package var wall = 0.0
    /// Seconds that the CPUs of the whole machine were busy; nil if that would include more than
    /// the pass (fio's start).
    package var systemCPU: Double?
    /// Seconds of the reading process.
    package var clientCPU = 0.0
    /// Seconds of the serving process; nil if there is none.
    package var serviceCPU: Double?
    /// Of both processes.
    package var contextSwitches: UInt64?
    /// Of both processes; nil if the kernel does not allow counting.
    package var systemCalls: UInt64?

    package init() {}
}

/// The time that all CPUs of the machine were busy, from /proc/stat: ticks of 10 ms in most
/// kernels.
struct SystemTimes {
    /// In seconds.
    let busy: Double
    let idle: Double

    init?() {
        guard let line = KernelFile.text("/proc/stat")?.split(separator: "\n").first else {
            return nil
        }
        // user nice system idle iowait irq softirq steal; the guests' time is within user.
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Double($0) }
        guard ticks.count == 8 else { return nil }
        let second = Double(sysconf(Int32(_SC_CLK_TCK)))
        idle = (ticks[3] + ticks[4]) / second
        busy = ticks.reduce(0, +) / second - idle
    }
}
