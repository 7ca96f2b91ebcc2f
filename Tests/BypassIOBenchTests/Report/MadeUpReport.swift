import SystemPackage

@testable import BypassIOBench

/// A report of samples with figures that are easy to check.
enum MadeUpReport {
    static let native = RouteDescription("native", .native)
    static let mount = RouteDescription("mount, traditional", .mountTraditional, filters: 0)
    static let filtered = RouteDescription("mount, traditional", .mountTraditional, filters: 8)
    /// A name that a markup language must escape.
    static let peer = RouteDescription("<b>\"R&D\"</b>|\u{1}", .peer)
    static let fio = RouteDescription("fio, io_uring", .fio)

    /// A second with the given number of reads of 4 KiB, each of `latency` µs.
    static func sample(reads: UInt64, latency: UInt64 = 10, cpu: Double = 0.5) -> Sample {
        var use = Use()
        use.wall = 1
        use.clientCPU = cpu
        use.systemCPU = cpu * 2
        use.contextSwitches = reads
        var histogram = LatencyHistogram()
        for _ in 0..<1000 { histogram.record(latency * 1000) }
        return Sample(operations: reads, bytes: reads * 4096, use: use, histogram: histogram)
    }

    static func toldByFio(reads: UInt64) -> Sample {
        var use = Use()
        use.wall = 1
        use.clientCPU = 0.25
        return Sample(
            operations: reads, bytes: reads * 4096, use: use,
            percentiles: [0.5: 9000, 0.99: 20_000, 0.999: 50_000])
    }

    static func make(on machine: Machine = Machine(folder: "/")) -> BenchReport {
        var plan = BenchPlan(program: "/nowhere/bypassio")
        plan.rounds = 3
        plan.commandLine = "bypassio bench --folder '/tmp/a&b'"
        let limit = [1000, 2000, 4000].map { sample(reads: $0) }
        let result = BenchReport.Result(
            BenchWorkload.all[2],
            [
                (native, limit), (fio, [900, 1900, 3900].map { toldByFio(reads: $0) }),
                (mount, [500, 1000, 3000].map { sample(reads: $0, latency: 40, cpu: 1) }),
                (filtered, [400, 800, 1000].map { sample(reads: $0, latency: 50, cpu: 2) }),
                (peer, [100, 200, 400].map { sample(reads: $0, latency: 900) }),
            ])
        return BenchReport(
            plan: plan, machine: machine, seconds: 12, results: [result],
            leftOut: [BenchReport.LeftOut(route: peer, workload: "stat", reason: "a < b & c\nd")])
    }
}
