internal import CKernelABI
import DirectRead
import Glibc
import LinuxKit
import SystemPackage

/// The operations of any program on the files below a path: the backing directory's, a mount's, a
/// peer's.
class PathRoute: BenchRoute {
    /// Bytes of the large file that a warm pass uses; fewer than any cache holds.
    private static let warmBytes: UInt64 = 64 << 20
    /// Files of a pass of stat: few enough that no kernel forgets the first before the last.
    private static let filesSeen = 500

    let description: RouteDescription
    /// The files as seen through the path; set before ``open()`` returns.
    var tree: BenchTree
    /// The mechanism of reads with O_DIRECT; set before ``open()``.
    var engine = ReadEngines.Policy.automatic
    /// The large file below all mounts, which the page cache may hold, too.
    private let backing: FilePath
    private let recorder: Recorder
    private lazy var small = tree.small
    private lazy var work = WorkFolders(route: description.title)

    init(
        _ description: RouteDescription, tree: BenchTree, backing: BenchTree, recorder: Recorder
    ) {
        self.description = description
        self.tree = tree
        self.backing = backing.data
        self.recorder = recorder
    }

    /// The process that serves the path; nil for none.
    var service: Int32? { nil }

    func carries(_ workload: BenchWorkload) -> Bool { true }
    func open() throws {}
    func close() {}
    func rest() {}

    /// Asks for what the route needs of an open file, and checks that the file has it.
    func settle(_ file: FileDescriptor) throws {}

    /// Checks that the route is offered at all. Single files may then still take another.
    func expectOffer() throws {}

    /// Seconds during which a file that could not be settled is opened again.
    var settlingPatience: Double { 0 }

    private func openFile(_ path: FilePath, isDirect: Bool) throws -> FileDescriptor {
        let end = KernelClock.monotonic + UInt64(settlingPatience * 1e9)
        while true {
            let file = try FileDescriptor.open(
                path, .readOnly,
                options: isDirect
                    ? [.init(rawValue: BPIO_O_DIRECT), .closeOnExec] : .closeOnExec)
            do {
                try settle(file)
                return file
            } catch {
                try? file.close()
                guard KernelClock.monotonic < end, Interruption.received == nil else { throw error }
                usleep(2000)
            }
        }
    }

    func run(_ workload: BenchWorkload, seconds: Double, seed: UInt64) throws -> Sample {
        do {
            switch workload.kind {
            case .direct(let blockSize, let depth):
                return try direct(blockSize, depth, seconds, seed)
            case .cachedSequential: return try sequential(seconds)
            case .cachedRandom(let isWarm): return try random(isWarm, seconds, seed)
            case .smallFiles, .stat, .listing, .create, .unlink:
                return try names(workload.kind, seconds)
            }
        } catch let error as Errno {
            throw BenchError(.route, "\(workload.title): \(error)")
        } catch let error as ReadEngineError {
            throw BenchError(.route, "\(workload.title): \(error)")
        }
    }

    private func direct(
        _ blockSize: Int, _ depth: Int, _ seconds: Double, _ seed: UInt64
    ) throws -> Sample {
        let file = try openFile(tree.data, isDirect: true)
        defer { try? file.close() }
        var pass = try DirectPass(
            file, blockSize: blockSize, depth: depth, policy: engine,
            walk: OffsetWalk(size: tree.sizes.data, blockSize: blockSize, seed: seed))
        _ = try pass.run(seconds: seconds / 10, recorder)
        recorder.begin(service: service)
        let reads = try pass.run(seconds: seconds, recorder)
        return recorder.end(operations: reads, bytes: reads * UInt64(blockSize))
    }

    /// Afterwards the cache holds nothing of the file on either side of the mount.
    private func openCold() throws -> FileDescriptor {
        let below = try FileDescriptor.open(backing, .readOnly, options: .closeOnExec)
        try below.closeAfter { CachedPass.drop(below) }
        let file = try openFile(tree.data, isDirect: false)
        CachedPass.drop(file)
        return file
    }

    private func sequential(_ seconds: Double) throws -> Sample {
        let file = try openCold()
        defer { try? file.close() }
        let pass = try CachedPass(file)
        recorder.begin(service: service)
        let (reads, bytes) = try pass.sequential(seconds: seconds, recorder)
        return recorder.end(operations: reads, bytes: bytes)
    }

    private func random(_ isWarm: Bool, _ seconds: Double, _ seed: UInt64) throws -> Sample {
        let file = try openCold()
        defer { try? file.close() }
        let pass = try CachedPass(file)
        let size = isWarm ? min(tree.sizes.data, Self.warmBytes) : tree.sizes.data
        if isWarm { try pass.warm(size) }
        var walk = OffsetWalk(size: size, blockSize: 4096, seed: seed)
        // A block that was read is warm, so a cold pass reads each block once.
        let limit = isWarm ? UInt64.max : size / 4096
        recorder.begin(service: service)
        let reads = try pass.random(&walk, limit: limit, seconds: seconds, recorder)
        return recorder.end(operations: reads, bytes: reads * 4096)
    }

    private func names(_ kind: BenchWorkload.Kind, _ seconds: Double) throws -> Sample {
        let buffer = try AlignedBuffer(capacity: BenchTree.smallSize)
        // Made here, before the measurement.
        let small = small
        let work = kind == .create || kind == .unlink ? try workFiles(kind) : []
        if kind == .smallFiles { try expectOffer() }
        let seen = Array(small.prefix(Self.filesSeen))
        // The first visit costs more than later ones.
        if case .stat = kind {
            _ = try NamePass(seconds: 0, recorder).stat(seen, flags: 0)
        }
        recorder.begin(service: service)
        let pass = NamePass(seconds: seconds, recorder)
        switch kind {
        case .smallFiles:
            let files = try pass.readFiles(small, into: buffer)
            return recorder.end(operations: files, bytes: files * UInt64(BenchTree.smallSize))
        case .stat(let isAsked):
            let flags = isAsked ? BPIO_AT_STATX_FORCE_SYNC : 0
            return recorder.end(operations: try pass.stat(seen, flags: flags), bytes: 0)
        case .listing: return recorder.end(operations: try pass.list(tree.many), bytes: 0)
        case .create: return recorder.end(operations: try pass.create(work), bytes: 0)
        default:
            let sample = recorder.end(operations: try pass.unlink(work), bytes: 0)
            if let folder = work.first?.removingLastComponent() {
                _ = unsafe folder.withPlatformString { unsafe rmdir($0) }
            }
            return sample
        }
    }

    /// The names of files to make, or of existing files to remove.
    private func workFiles(_ kind: BenchWorkload.Kind) throws -> [FilePath] {
        guard kind == .unlink else { return try work.new(in: tree) }
        if let filled = work.take(in: tree) { return filled }
        // No create workload has left files.
        _ = try work.new(in: tree)
        let files = work.take(in: tree) ?? []
        for file in files { try BenchTree.create(file).close() }
        return files
    }
}
