import BypassIOBench
import DirectRead
import Glibc
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

/// One run of a workload over a file object.
struct ProofPass {
    let seconds: Double
    /// User and system time of the process.
    let cpuSeconds: Double
    let reads: Int
    let bytes: UInt64
    /// Reads by their route.
    let routes: [ReadRoute: UInt64]

    /// Runs the workload at full speed. `inspect` sees every block, with its place in the workload,
    /// and its time counts.
    init(
        _ workload: ProofWorkload, of file: FileObject, on queue: ReadQueue,
        inspect: ((Span<UInt8>, UInt64) -> Void)? = nil
    ) throws {
        let member = try queue.attach(file)
        let before = file.readsByRoute
        let processBefore = Self.processCPU
        let start = ContinuousClock.now
        let total = workload.offsets.count
        var begun = 0
        var done = 0
        var bytes: UInt64 = 0
        while done < total {
            try Interruption.check()
            while begun < total, queue.hasFreeSlot {
                try queue.read(
                    member, at: workload.offsets[begun], length: workload.blockSize,
                    tag: UInt64(begun))
                begun += 1
            }
            try queue.submit(waitingFor: 1)
            while let read = queue.next() {
                if let failure = read.failure { throw failure }
                if let inspect { queue.withBytes(of: read) { inspect($0, read.tag) } }
                bytes += UInt64(read.count)
                done += 1
                queue.release(read)
            }
        }
        seconds = (ContinuousClock.now - start) / .seconds(1)
        cpuSeconds = Self.processCPU - processBefore
        reads = total
        self.bytes = bytes
        routes = file.readsByRoute.merging(before) { $0 - $1 }
        try queue.detach(member)
    }

    /// Seconds of the whole process, because an engine may have threads of its own. POSIX counts a
    /// million to the second.
    private static var processCPU: Double { Double(Glibc.clock()) / 1_000_000 }
}

/// The reads of a pass.
struct ProofWorkload {
    let name: String
    /// Bytes of each read.
    let blockSize: Int
    /// Reads in flight.
    let depth: Int
    /// Offsets in bytes, in order.
    let offsets: [UInt64]

    /// The whole file from beginning to end, 1 MiB at a time, 8 in flight.
    static func wholeFile(size: UInt64) -> ProofWorkload {
        ProofWorkload(
            name: "whole file, 1 MiB, depth 8", blockSize: 1 << 20, depth: 8,
            offsets: Array(stride(from: 0, to: size, by: 1 << 20)))
    }

    /// A random block of 4 KiB for every 16 KiB of the file, 32 in flight; the same blocks in every
    /// run.
    static func random(size: UInt64) -> ProofWorkload {
        var random = SplitMix64(seed: 1)
        let offsets = (0..<size / 16384).map { _ in
            UInt64.random(in: 0..<size / 4096, using: &random) * 4096
        }
        return ProofWorkload(
            name: "random 4 KiB, depth 32", blockSize: 4096, depth: 32,
            offsets: offsets)
    }
}
