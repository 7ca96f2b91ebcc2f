import BypassIOBench
import IOStack
import Minifilters

/// What a filter that does nothing costs a read: CPU per read with 0, 4 and 16 of them.
enum FilterCost {
    static let counts = [0, 4, 16]

    /// Takes turns between the counts and the routes, on a stage without other filters.
    static func measure(
        on stage: DemoStage, workload: Workload, rounds: Int
    ) throws -> [DemoReport.Cost] {
        var traditional: [Int: [Double]] = [:]
        var bypass: [Int: [Double]] = [:]
        for _ in 0..<rounds {
            for count in counts {
                let filters = try attach(count, on: stage)
                defer { detach(filters, from: stage) }
                let slow = try stage.pass(workload, route: .traditional)
                let fast = try stage.pass(workload, route: .fullBypass)
                traditional[count, default: []].append(slow.cpuMicrosecondsPerRead)
                bypass[count, default: []].append(fast.cpuMicrosecondsPerRead)
            }
        }
        return counts.map { count in
            DemoReport.Cost(
                noOpFilters: count,
                traditionalCPUMicroseconds: Spread.median(of: traditional[count] ?? []),
                bypassCPUMicroseconds: Spread.median(of: bypass[count] ?? []))
        }
    }

    private static func attach(_ count: Int, on stage: DemoStage) throws -> [Minifilter] {
        try (0..<count).map { index in
            let filter = try stage.io.filterManager.register(
                NoOpFilter(altitude: Altitude(integer: 260_000 + UInt(index))).registration)
            try stage.io.filterManager.attach(filter, to: stage.volume)
            return filter
        }
    }

    private static func detach(_ filters: [Minifilter], from stage: DemoStage) {
        for filter in filters {
            // Its unload callback agrees, so this cannot be refused.
            _ = try? stage.io.filterManager.unload(filter)
        }
    }
}
