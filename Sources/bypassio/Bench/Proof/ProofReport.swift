import BypassIOBench
import IOStack
import SystemPackage
import Terminal

/// The proof's results, as text or as JSON.
struct ProofReport: Encodable {
    /// A pass, and the layers' counters for it.
    struct Sample {
        let pass: ProofPass
        let callbacks: UInt64
        /// Reads that each filter saw.
        let seen: [String: UInt64]
        /// Reads that the volume driver saw.
        let metered: UInt64
    }

    /// One line of the table: medians over the rounds, counts of the last round.
    struct Row: Encodable {
        let route: String
        let workload: String
        let megabytesPerSecond: Double
        let readsPerSecond: Double
        let cpuMicrosecondsPerRead: Double
        let filterCallbacksRun: UInt64
        let readsSeenByFilter: [String: UInt64]
        let readsSeenByVolumeDriver: UInt64

        /// nil if there are no samples.
        init?(route: String, workload: String, _ samples: [Sample]) {
            guard let last = samples.last else { return nil }
            func median(_ figure: (ProofPass) -> Double) -> Double {
                Spread.median(of: samples.map { figure($0.pass) })
            }
            self.route = route
            self.workload = workload
            megabytesPerSecond = median { Double($0.bytes) / $0.seconds / 1e6 }
            readsPerSecond = median { Double($0.reads) / $0.seconds }
            cpuMicrosecondsPerRead = median { $0.cpuSeconds * 1e6 / Double($0.reads) }
            filterCallbacksRun = last.callbacks
            readsSeenByFilter = last.seen
            readsSeenByVolumeDriver = last.metered
        }
    }

    /// Whether every route returned the same bytes.
    struct Comparison: Encodable {
        let workload: String
        let traditional: ContentHash
        let partial: ContentHash
        let bypass: ContentHash

        var isSame: Bool { traditional == bypass && partial == bypass }
    }

    struct Filter: Encodable {
        let name: String
        let altitude: String
    }

    let path: String
    let bytes: UInt64
    let fileSystem: String
    let storageDriver: String
    let engine: String
    let filters: [Filter]
    let before: BypassVerdict
    let comparisons: [Comparison]
    let rows: [Row]
    let partial: BypassVerdict
    let vetoed: BypassVerdict

    init(
        _ stage: ProofStage, _ file: KeptFile, before: BypassVerdict, comparisons: [Comparison],
        rows: [Row], partial: BypassVerdict, vetoed: BypassVerdict
    ) {
        path = file.path.string
        bytes = file.size
        fileSystem = stage.volume.fileSystem.name
        storageDriver = stage.volume.stack.storage.name
        engine = stage.engineSummary
        filters = stage.volume.instances.map {
            Filter(name: $0.filter.name, altitude: $0.altitude.description)
        }
        self.before = before
        self.comparisons = comparisons
        self.rows = rows
        self.partial = partial
        self.vetoed = vetoed
    }

    /// Whether every route returned the same bytes.
    var isSame: Bool { comparisons.allSatisfy(\.isSame) }
}

extension ProofReport {
    var lines: [String] {
        header + [""] + before.fsutilLines(path: path, verbose: true) + [""] + comparisonLines
            + [""] + table + [""] + verdictLines
    }

    private var header: [String] {
        [
            "Proof:  \(path), \(bytes >> 20) MiB on \(fileSystem) over \(storageDriver)",
            "Reads:  \(engine)",
            "Filters, top to bottom: "
                + filters.map { "\($0.name) (\($0.altitude))" }.joined(separator: ", "),
        ]
    }

    private var comparisonLines: [String] {
        comparisons.map { proof in
            proof.isSame
                ? "Same bytes on every route: \(proof.workload), hash \(proof.bypass)"
                : "DIFFERENT BYTES: \(proof.workload): traditional \(proof.traditional), "
                    + "partial \(proof.partial), bypass \(proof.bypass)"
        }
    }

    private var table: [String] {
        let names = filters.map(\.name)
        var table = TextTable(
            [("route", .left), ("workload", .left), ("MB/s", .right), ("reads/s", .right)]
                + [("CPU us/read", .right), ("callbacks", .right)]
                + names.map { ($0, .right) } + [("volmeter", .right)])
        for row in rows {
            table.append(
                [row.route, row.workload]
                    + [Figures.fixed(row.megabytesPerSecond, 0)]
                    + [Figures.grouped(Int(row.readsPerSecond))]
                    + [Figures.fixed(row.cpuMicrosecondsPerRead, 2)]
                    + [Figures.grouped(row.filterCallbacksRun)]
                    + names.map { row.readsSeenByFilter[$0].map { Figures.grouped($0) } ?? "-" }
                    + [Figures.grouped(row.readsSeenByVolumeDriver)])
        }
        return table.lines
    }

    private var verdictLines: [String] {
        ["While the volume driver volmeter measures:"]
            + partial.fsutilLines(path: path, verbose: true) + [""]
            + ["While readaudit must see every read:"]
            + vetoed.fsutilLines(path: path, verbose: true)
    }
}

/// A 64-bit hash of a pass's bytes that does not depend on the order in which its reads finished:
/// the sum of a hash of each block, which depends on the block's place in the pass. It
/// distinguishes two passes; it does not resist an attacker.
struct ContentHash: Equatable, Encodable, CustomStringConvertible {
    private var sum: UInt64 = 0

    mutating func add(_ block: Span<UInt8>, place: UInt64) {
        var hash = (place &+ 1) &* 0x9E37_79B9_7F4A_7C15
        var index = 0
        while index + 8 <= block.count {
            var word: UInt64 = 0
            for shift in 0..<8 { word |= UInt64(block[index + shift]) << (8 * shift) }
            hash = Self.mix(hash ^ word)
            index += 8
        }
        while index < block.count {
            hash = Self.mix(hash ^ UInt64(block[index]))
            index += 1
        }
        sum &+= Self.mix(hash ^ UInt64(block.count))
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value &* 0xFF51_AFD7_ED55_8CCD
        return product ^ (product >> 32)
    }

    var description: String {
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
