import BypassIOProtocol
import DirectRead
import HostFileSystem
import IOStack
import Minifilters
import SystemPackage

/// A volume over the backing directory within this process: through the filters, or past them.
final class StackRoute: BenchRoute {
    let description: RouteDescription
    private let tree: BenchTree
    private var volume: Volume?
    private var file: FileObject?
    private let engine: ReadEngines.Policy
    private let recorder: Recorder

    init(
        tree: BenchTree, filters: Int, bypasses: Bool, engine: ReadEngines.Policy,
        recorder: Recorder
    ) {
        self.tree = tree
        self.engine = engine
        self.recorder = recorder
        description = RouteDescription(
            bypasses ? "in process, bypass" : "in process, traditional",
            bypasses ? .inProcessBypass : .inProcessTraditional, filters: filters)
    }

    deinit { close() }

    func carries(_ workload: BenchWorkload) -> Bool { workload.isDirect }

    func open() throws {
        guard file == nil else { return }
        let io = IOManager()
        do {
            let volume = try HostVolume.mount(
                directory: tree.root, on: io, policy: engine)
            for altitude in NoOpAltitudes.first(description.filters ?? 0) {
                let filter = try io.filterManager.register(
                    NoOpFilter(altitude: altitude).registration)
                try io.filterManager.attach(filter, to: volume)
            }
            let file = try volume.open("data", options: .nonCached)
            (self.volume, self.file) = (volume, file)
            guard description.kind == .inProcessBypass else { return }
            let answer = try file.bypassIO(.enable)
            if let results = answer.results, results.status.isError {
                throw BenchError(
                    .route, "\(results.driverName) refuses BypassIO: \(results.failureReason)")
            }
        } catch let error as BenchError {
            throw error
        } catch {
            throw BenchError(.route, "\(error)")
        }
    }

    func run(_ workload: BenchWorkload, seconds: Double, seed: UInt64) throws -> Sample {
        guard let volume, let file, case .direct(let blockSize, let depth) = workload.kind else {
            throw BenchError(.route, "The volume is not open.")
        }
        let before = file.readsByRoute
        let sample: Sample
        do throws(IOFailure) {
            let queue = try ReadQueue(volume, depth: depth, slotSize: blockSize)
            defer { queue.close() }
            let member = try queue.attach(file)
            var pass = StackPass(
                queue: queue, member: member, blockSize: blockSize, depth: depth,
                walk: OffsetWalk(size: tree.sizes.data, blockSize: blockSize, seed: seed))
            _ = try pass.run(seconds: seconds / 10, recorder)
            recorder.begin(service: nil)
            let reads = try pass.run(seconds: seconds, recorder)
            sample = recorder.end(operations: reads, bytes: reads * UInt64(blockSize))
            try queue.detach(member)
        } catch {
            throw BenchError(.route, "\(workload.title): \(error)")
        }
        // The route that is measured must be the one in the report.
        let taken = file.readsByRoute.merging(before) { $0 - $1 }.filter { $0.value > 0 }
        let expected = description.kind == .inProcessBypass ? ReadRoute.fullBypass : .traditional
        guard Set(taken.keys) == [expected] else {
            throw BenchError(.route, "Reads took other routes: \(taken).")
        }
        return sample
    }

    func close() {
        file?.close()
        file = nil
        volume = nil
    }
}
