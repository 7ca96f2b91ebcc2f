import BypassIOBench
import DirectRead
import IOStack
import Minifilters
import SystemPackage

/// The proof beside the figures: the proof reads a file past and through three of the filters that
/// ship, over every route that a process has without a mount. Every route returns the same bytes,
/// the layers' counters show which layers saw a read, and the verdicts name a layer that refuses.
final class Proof {
    /// The name for `--only`.
    static let name = "proof"

    private let file: KeptFile
    private let rounds: Int
    private let workloads: [ProofWorkload]
    private let stage: ProofStage
    private var bestRoute = ReadRoute.fullBypass

    /// Makes the file if it is missing. Throws a ``CommandError`` where the folder cannot hold it
    /// or supports no bypass.
    init(
        in folder: CacheFolder, size: UInt64, rounds: Int, engine: ReadEngines.Policy
    ) throws {
        file = KeptFile(
            folder: folder.path, name: FilePath("proof-\(size >> 20)MiB.data"), size: size)
        self.rounds = rounds
        workloads = [.wholeFile(size: size), .random(size: size)]
        try file.prepare()
        stage = try ProofStage(file: file, engine: engine)
    }

    func run() throws -> ProofReport {
        let before = try BypassVerdict(of: stage.handle)
        try stage.enableBypass()
        // Where a layer of the host refuses, filter bypass is the best route.
        if before.kind == .partiallySupported { bestRoute = .filterBypass }
        let comparisons = try workloads.map { try comparison(of: $0) }
        var rows: [ProofReport.Row] = []
        for workload in workloads { rows += try measure(workload) }
        let partial = try stage.whileMetering { try BypassVerdict(of: stage.handle) }
        stage.audit.requireEveryRead(true)
        let vetoed = try BypassVerdict(of: stage.handle)
        stage.audit.requireEveryRead(false)
        return ProofReport(
            stage, file, before: before, comparisons: comparisons, rows: rows, partial: partial,
            vetoed: vetoed)
    }

    /// Hashes every byte that a workload reads, over each route.
    private func comparison(of workload: ProofWorkload) throws -> ProofReport.Comparison {
        func hash(_ route: ReadRoute) throws -> ContentHash {
            var hash = ContentHash()
            let pass = try stage.pass(workload, route: route) { hash.add($0, place: $1) }
            guard pass.routes[route] == UInt64(workload.offsets.count) else {
                throw CommandError(
                    .internalError, "A read left the \(route) route: \(pass.routes).")
            }
            return hash
        }
        return ProofReport.Comparison(
            workload: workload.name, traditional: try hash(.traditional),
            partial: try stage.whileMetering { try hash(.filterBypass) },
            bypass: try hash(bestRoute))
    }

    /// Takes every route in turn, in several rounds, so that a change of the machine's speed
    /// affects all.
    private func measure(_ workload: ProofWorkload) throws -> [ProofReport.Row] {
        var traditional: [ProofReport.Sample] = []
        var partial: [ProofReport.Sample] = []
        var bypass: [ProofReport.Sample] = []
        for _ in 0..<rounds {
            traditional.append(try stage.sample(workload, route: .traditional))
            partial.append(
                try stage.whileMetering { try stage.sample(workload, route: .filterBypass) })
            bypass.append(try stage.sample(workload, route: bestRoute))
        }
        return [("traditional", traditional), ("bypass, partial", partial), ("bypass", bypass)]
            .compactMap { ProofReport.Row(route: $0, workload: workload.name, $1) }
    }
}
