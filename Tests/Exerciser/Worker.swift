import CPosixCalls

/// One process's tree and its model.
///
/// A worker's operations depend on the seed and its own model alone, never on the clock or on other
/// processes, so a run with the same seed does the same.
final class Worker {
    let root: ModelDirectory
    /// The same directory behind the mount, for the last comparison; nil if there is none.
    let backing: String?
    var random: RandomNumbers
    var log: OperationLog
    var files: [ModelFile] = []
    var directories: [ModelDirectory] = []
    var links: [ModelName] = []
    let buffer: AlignedBuffer
    let reading: AlignedBuffer
    private var made = 0

    static let mostFiles = 14
    static let mostDirectories = 7

    init(
        directory: String, backing: String?, seed: UInt64, index: Int, log: String
    ) throws {
        random = RandomNumbers(seed: seed, stream: UInt64(index))
        self.log = try OperationLog(path: log)
        self.backing = backing
        buffer = try AlignedBuffer(count: ModelFile.mostBytes + 8192)
        reading = try AlignedBuffer(count: ModelFile.mostBytes + 8192)
        root = ModelDirectory(number: 0, parent: nil, name: directory)
        directories = [root]
        try Finding.check("mkdir \(directory)", unsafe call_mkdir(directory, 0o755))
    }

    func nextNumber() -> Int {
        made += 1
        return made
    }

    /// Weights of the operations; reads and writes are the most frequent.
    private static let operations: [(weight: Int, Operation)] = [
        (14, .write), (6, .append), (8, .writeDirect), (14, .read), (8, .readDirect),
        (5, .truncate), (4, .allocate), (5, .copyRange), (8, .storeMapped), (8, .loadMapped),
        (5, .map), (4, .unmap), (2, .syncMapped), (4, .sync), (6, .create), (7, .open), (6, .close),
        (4, .rename), (2, .renameOver), (2, .exchange), (3, .link), (5, .unlink),
        (2, .makeDirectory),
        (1, .removeDirectory), (2, .renameDirectory), (2, .symbolicLink), (3, .attribute),
        (5, .checkStatus), (3, .checkDirectory), (3, .checkAll), (2, .reopen),
    ]
    private static let totalWeight = operations.reduce(0) { $0 + $1.weight }

    enum Operation {
        case write, append, writeDirect, read, readDirect, truncate, allocate, copyRange
        case storeMapped, loadMapped, map, unmap, syncMapped, sync
        case create, open, close, rename, renameOver, exchange, link, unlink
        case makeDirectory, removeDirectory, renameDirectory, symbolicLink, attribute
        case checkStatus, checkDirectory, checkAll, reopen
    }

    /// Does one operation.
    func step() throws {
        var place = random.below(Worker.totalWeight)
        for (weight, operation) in Worker.operations {
            if place < weight { return try perform(operation) }
            place -= weight
        }
    }

    private func perform(_ operation: Operation) throws {
        switch operation {
        case .write: try write()
        case .append: try append()
        case .writeDirect: try writeDirect()
        case .read: try read()
        case .readDirect: try readDirect()
        case .truncate: try truncate()
        case .allocate: try allocate()
        case .copyRange: try copyRange()
        case .storeMapped: try storeMapped()
        case .loadMapped: try loadMapped()
        case .map: try map()
        case .unmap: try unmapOne()
        case .syncMapped: try syncMapped()
        case .sync: try sync()
        case .create: try create()
        case .open: try openOne()
        case .close: try closeOne()
        case .rename: try rename()
        case .renameOver: try renameOver()
        case .exchange: try exchange()
        case .link: try link()
        case .unlink: try unlink()
        case .makeDirectory: try makeDirectory()
        case .removeDirectory: try removeDirectory()
        case .renameDirectory: try renameDirectory()
        case .symbolicLink: try symbolicLink()
        case .attribute: try changeAttribute()
        case .checkStatus: try checkStatus()
        case .checkDirectory: try checkOneDirectory()
        case .checkAll: try checkOneFile()
        case .reopen: try reopen()
        }
    }

    // MARK: Choosing

    func file() -> ModelFile? { random.element(of: files) }

    /// An open handle of a given kind.
    func handle(_ kinds: OpenHandle.Kind...) -> (ModelFile, OpenHandle)? {
        let all = files.flatMap { file in
            file.handles.filter { kinds.contains($0.kind) }.map { (file, $0) }
        }
        return random.element(of: all)
    }

    /// Mostly small, sometimes up to a quarter of the largest file; at least 1.
    func length() -> Int {
        switch random.below(10) {
        case 0..<4: 1 + random.below(200)
        case 4..<8: 1 + random.below(9000)
        default: 1 + random.below(ModelFile.mostBytes / 4)
        }
    }

    /// Drops a file that has no name and no handle any more.
    func forgetIfGone(_ file: ModelFile) {
        if file.isGone, file.mappings.isEmpty { files.removeAll { $0 === file } }
    }
}
