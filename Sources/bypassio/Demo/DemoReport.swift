import BypassIOBench
import IOStack
import SystemPackage

/// What the demo found; printed as text or as JSON.
struct DemoReport: Encodable {
    /// One pass, of ours or of fio.
    struct Sample {
        let seconds: Double
        let reads: Int
        let bytes: UInt64
        let cpuSeconds: Double
        var callbacks: UInt64 = 0
        /// Reads seen by each filter.
        var seen: [String: UInt64] = [:]
        /// Reads seen by the volume driver.
        var metered: UInt64 = 0

        init(seconds: Double, reads: Int, bytes: UInt64, cpuSeconds: Double) {
            self.seconds = seconds
            self.reads = reads
            self.bytes = bytes
            self.cpuSeconds = cpuSeconds
        }

        init(_ pass: Pass, callbacks: UInt64, seen: [String: UInt64], metered: UInt64) {
            self.init(
                seconds: pass.seconds, reads: pass.reads, bytes: pass.bytes,
                cpuSeconds: pass.cpuSeconds)
            self.callbacks = callbacks
            self.seen = seen
            self.metered = metered
        }
    }

    /// One line of the table: medians over the rounds, counts of the last.
    struct Row: Encodable {
        let route: String
        let workload: String
        let megabytesPerSecond: Double
        let readsPerSecond: Double
        let cpuMicrosecondsPerRead: Double
        /// nil for fio, which has no filters.
        let filterCallbacksRun: UInt64?
        let readsSeenByFilter: [String: UInt64]?
        let readsSeenByVolumeDriver: UInt64?

        init(route: String, workload: String, _ samples: [Sample]) {
            self.route = route
            self.workload = workload
            megabytesPerSecond = Spread.median(
                of: samples.map { Double($0.bytes) / $0.seconds / 1e6 })
            readsPerSecond = Spread.median(of: samples.map { Double($0.reads) / $0.seconds })
            cpuMicrosecondsPerRead = Spread.median(
                of:
                    samples.map { $0.cpuSeconds * 1e6 / Double($0.reads) })
            let last = samples.last.flatMap { $0.seen.isEmpty ? nil : $0 }
            filterCallbacksRun = last?.callbacks
            readsSeenByFilter = last?.seen
            readsSeenByVolumeDriver = last?.metered
        }
    }

    /// That every route returned the same bytes.
    struct Proof: Encodable {
        let workload: String
        let traditional: ContentHash
        let partial: ContentHash
        let bypass: ContentHash

        var isSame: Bool { traditional == bypass && partial == bypass }
    }

    /// CPU per read with a number of filters that do nothing.
    struct Cost: Encodable {
        let noOpFilters: Int
        let traditionalCPUMicroseconds: Double
        let bypassCPUMicroseconds: Double
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
    let proofs: [Proof]
    let rows: [Row]
    let filterCosts: [Cost]
    let partial: BypassVerdict
    let vetoed: BypassVerdict
    let mounted: MountedRoutes
    let fioNote: String?

    init(
        volume: Volume, file: DemoFile, engine: String, before: BypassVerdict, proofs: [Proof],
        rows: [Row], filterCosts: [Cost], partial: BypassVerdict, vetoed: BypassVerdict,
        mounted: MountedRoutes, fioNote: String?
    ) {
        path = file.path.string
        bytes = file.size
        fileSystem = volume.fileSystem.name
        storageDriver = volume.stack.storage.name
        self.engine = engine
        filters = volume.instances.map {
            Filter(name: $0.filter.name, altitude: $0.altitude.description)
        }
        self.before = before
        self.proofs = proofs
        self.rows = rows
        self.filterCosts = filterCosts
        self.partial = partial
        self.vetoed = vetoed
        self.mounted = mounted
        self.fioNote = fioNote
    }
}
