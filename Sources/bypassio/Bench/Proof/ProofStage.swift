import BypassIOProtocol
import DirectRead
import HostFileSystem
import IOStack
import Minifilters
import SystemPackage
import VolumeDrivers

/// A volume over the kept file's folder, with three of the filters that ship and a volume driver,
/// and the file opened without the cache.
final class ProofStage {
    let io = IOManager()
    let volume: Volume
    let handle: FileObject
    let audit = ReadAudit()
    let scanner: ContentScanner
    let heat = AccessHeat()
    private let meter = VolumeMeter()
    private(set) var engineSummary = ""

    init(file: KeptFile, engine: ReadEngines.Policy) throws {
        scanner = ContentScanner(signatures: TestSignature.all)
        do throws(HostVolumeError) {
            volume = try HostVolume.mount(
                directory: file.folder, on: io, volumeDrivers: [meter], policy: engine)
        } catch {
            throw CommandError(.cannotCreate, "\(error)")
        }
        let filters = [audit.registration, scanner.registration, heat.registration]
        for registration in filters {
            try io.filterManager.attach(io.filterManager.register(registration), to: volume)
        }
        do throws(IOFailure) {
            handle = try volume.open(file.name, options: .nonCached)
        } catch {
            throw CommandError(
                .cannotCreate,
                "\(file.path) cannot be opened for direct I/O (\(error)): "
                    + "name a folder on a disk's file system with --cache FOLDER.")
        }
    }

    deinit { handle.close() }

    func enableBypass() throws {
        let answer = try handle.bypassIO(.enable)
        guard let results = answer.results, results.status.isError else { return }
        throw CommandError(
            .cannotCreate,
            "Name a folder on another file system with --cache FOLDER; "
                + "\(results.driverName) refuses BypassIO here: \(results.failureReason)")
    }

    /// Runs `body` while the volume meter refuses the storage bypass: "partial".
    func whileMetering<R>(_ body: () throws -> R) throws -> R {
        try meter.startMeasuring(through: handle)
        defer { _ = try? meter.stopMeasuring(through: handle) }
        return try body()
    }

    /// Runs a workload over one route. Traditional means that bypass is disabled.
    func pass(
        _ workload: ProofWorkload, route: ReadRoute,
        inspect: ((Span<UInt8>, UInt64) -> Void)? = nil
    ) throws -> ProofPass {
        try take(route)
        return try run(workload, inspect: inspect)
    }

    private func run(
        _ workload: ProofWorkload, inspect: ((Span<UInt8>, UInt64) -> Void)? = nil
    ) throws -> ProofPass {
        let queue = try ReadQueue(volume, depth: workload.depth, slotSize: workload.blockSize)
        defer { queue.close() }
        engineSummary = queue.engineSummary
        return try ProofPass(workload, of: handle, on: queue, inspect: inspect)
    }

    private func take(_ route: ReadRoute) throws {
        if route == .traditional {
            _ = try handle.bypassIO(.disable)
        } else {
            try enableBypass()
        }
    }

    /// Runs a workload and counts the reads that filters and volume drivers saw.
    func sample(_ workload: ProofWorkload, route: ReadRoute) throws -> ProofReport.Sample {
        // Counts the callbacks of this control before those of the reads.
        try take(route)
        let seenBefore = readsSeen
        let callbacksBefore = callbacksRun
        let meteredBefore = meter.figures.reads
        let pass = try run(workload)
        return ProofReport.Sample(
            pass: pass, callbacks: callbacksRun - callbacksBefore,
            seen: readsSeen.merging(seenBefore) { $0 - $1 },
            metered: meter.figures.reads - meteredBefore)
    }

    private var readsSeen: [String: UInt64] {
        [
            "readaudit": audit.readsSeen, "contentscan": scanner.readsSeen,
            "accessheat": heat.readsSeen,
        ]
    }

    private var callbacksRun: UInt64 {
        volume.instances.reduce(0) { $0 + $1.callbacksRun.pre + $1.callbacksRun.post }
    }
}
