import BypassIOBench
import IOStack
import SystemPackage

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
