import DirectRead
import HostFileSystem
import IOStack
import Minifilters
import SystemPackage
import VolumeDrivers

/// The demonstration: a volume over a folder, three filters, one file, every route.
final class Demo {
    private let file: DemoFile
    private let rounds: Int
    private let engine: ReadEngines.Policy
    private let workloads: [Workload]
    private let fio: FioPeer?

    private let stage: DemoStage
    private var bestRoute = ReadRoute.fullBypass

    init(
        file: DemoFile, reads: Int, rounds: Int, engine: ReadEngines.Policy, usesFio: Bool
    ) throws {
        self.file = file
        self.rounds = rounds
        self.engine = engine
        workloads = [.wholeFile(size: file.size), .random(count: reads, size: file.size)]
        fio = usesFio ? FioPeer(file: file) : nil
        stage = try DemoStage(file: file, engine: engine)
    }

    func run() throws -> DemoReport {
        let before = try BypassVerdict(of: stage.handle)
        try stage.enableBypass()
        // Where a layer of the host refuses, skipping the filters is the most there is.
        if before.kind == .partiallySupported { bestRoute = .filterBypass }
        let proofs = try workloads.map { try proof(of: $0) }
        var rows: [DemoReport.Row] = []
        for workload in workloads { rows += try measure(workload) }
        let costs = try FilterCost.measure(
            on: DemoStage(file: file, engine: engine, hasFilters: false),
            workload: workloads[1], rounds: rounds)
        let partial = try stage.whileMetering { try BypassVerdict(of: stage.handle) }
        stage.audit.requireEveryRead(true)
        let vetoed = try BypassVerdict(of: stage.handle)
        stage.audit.requireEveryRead(false)
        return DemoReport(
            volume: stage.volume, file: file, engine: stage.engineSummary, before: before,
            proofs: proofs, rows: rows, filterCosts: costs, partial: partial, vetoed: vetoed,
            mounted: try MountedRoutesCommand.run(file),
            fioNote: fio == nil ? "fio is not installed or was switched off: no comparison." : nil)
    }

    /// Hashes every byte a workload reads, over each route.
    private func proof(of workload: Workload) throws -> DemoReport.Proof {
        func hash(_ route: ReadRoute) throws -> ContentHash {
            var hash = ContentHash()
            let pass = try stage.pass(workload, route: route) { hash.add($0, place: $1) }
            guard pass.routes[route] == UInt64(workload.offsets.count) else {
                throw CommandError(
                    .internalError, "A read left the \(route) route: \(pass.routes).")
            }
            return hash
        }
        return DemoReport.Proof(
            workload: workload.name, traditional: try hash(.traditional),
            partial: try stage.whileMetering { try hash(.filterBypass) },
            bypass: try hash(bestRoute))
    }

    /// Every route in turn, round after round, so that a change of the machine's speed meets all.
    private func measure(_ workload: Workload) throws -> [DemoReport.Row] {
        var samples: [String: [DemoReport.Sample]] = [:]
        for _ in 0..<rounds {
            samples["traditional", default: []].append(
                try stage.sample(workload, route: .traditional))
            samples["bypass, partial", default: []].append(
                try stage.whileMetering { try stage.sample(workload, route: .filterBypass) })
            samples["bypass", default: []].append(try stage.sample(workload, route: bestRoute))
            if let fio { samples["fio io_uring", default: []].append(try fio.sample(workload)) }
        }
        return ["traditional", "bypass, partial", "bypass", "fio io_uring"].compactMap { route in
            samples[route].map { DemoReport.Row(route: route, workload: workload.name, $0) }
        }
    }
}
