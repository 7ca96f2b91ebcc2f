import BypassIOProtocol
import DirectRead
import HostFileSystem
import IOStack
import LinuxKit
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

/// Keeps a queue of a volume full for a while.
struct StackPass: ~Copyable {
    private let queue: ReadQueue
    private let member: QueuedFile
    private let blockSize: Int
    private let depth: Int
    private var walk: OffsetWalk
    /// The start of the read of each tag, in nanoseconds.
    private var begun: [UInt64]
    private var free: [Int] = []

    init(queue: ReadQueue, member: QueuedFile, blockSize: Int, depth: Int, walk: OffsetWalk) {
        self.queue = queue
        self.member = member
        self.blockSize = blockSize
        self.depth = depth
        self.walk = walk
        begun = [UInt64](repeating: 0, count: depth)
        free.reserveCapacity(depth)
    }

    /// Reads until the time is over and the last read is done. Returns how many.
    mutating func run(seconds: Double, _ recorder: Recorder) throws(IOFailure) -> UInt64 {
        let end = KernelClock.monotonic + UInt64(seconds * 1e9)
        var done: UInt64 = 0
        for tag in 0..<depth { try begin(tag, at: KernelClock.monotonic) }
        // A completed read holds its slot until it is taken.
        var outstanding = depth
        while outstanding > 0 {
            try queue.submit(waitingFor: 1)
            let now = KernelClock.monotonic
            var taken = 0
            while taken < DirectPass.takenAtOnce, let read = queue.next() {
                taken += 1
                if let failure = read.failure { throw failure }
                let tag = Int(read.tag)
                recorder.record(now - begun[tag])
                done += 1
                outstanding -= 1
                queue.release(read)
                // Used after the loop: the queue returns what it has before it takes more.
                free.append(tag)
            }
            if now < end, Interruption.received == nil {
                for tag in free { try begin(tag, at: now) }
                outstanding += free.count
            }
            free.removeAll(keepingCapacity: true)
        }
        return done
    }

    private mutating func begin(_ tag: Int, at now: UInt64) throws(IOFailure) {
        begun[tag] = now
        try queue.read(member, at: walk.next(), length: blockSize, tag: UInt64(tag))
    }
}
