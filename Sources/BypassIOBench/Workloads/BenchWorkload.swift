/// The work of a pass.
package struct BenchWorkload: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// Reads at random with O_DIRECT, `depth` at once, of `blockSize` bytes each.
        case direct(blockSize: Int, depth: Int)
        /// The file from beginning to end through the page cache, which does not hold it.
        case cachedSequential
        /// 4 KiB at random through the page cache, which holds none of it, or all.
        case cachedRandom(isWarm: Bool)
        /// Opens, reads and closes files of 4 KiB, one after the other.
        case smallFiles
        /// lstat(2) of files whose names and attributes the kernel may know; or statx(2) that asks
        /// the file's owner each time (AT_STATX_FORCE_SYNC).
        case stat(isAsked: Bool)
        /// Reads a directory.
        case listing
        /// Makes files, which stay.
        case create
        case unlink
    }

    /// The name for `--only`.
    package let name: String
    package let title: String
    package let kind: Kind
    /// The meaning of one operation.
    package let operation: String

    package var isDirect: Bool {
        if case .direct = kind { true } else { false }
    }

    /// Whether it reads file data, so that throughput is a figure.
    package var movesData: Bool {
        switch kind {
        case .direct, .cachedSequential, .cachedRandom, .smallFiles: true
        case .stat, .listing, .create, .unlink: false
        }
    }

    /// Watchers of the source get each operation.
    var changesFiles: Bool { kind == .create || kind == .unlink }

    var needsWarmUp: Bool { kind == .smallFiles || kind == .listing }

    var part: BenchTree.Part {
        switch kind {
        case .direct, .cachedSequential, .cachedRandom: .data
        case .smallFiles, .stat: .small
        case .listing: .many
        case .create, .unlink: .work
        }
    }

    private init(_ name: String, _ title: String, _ kind: Kind, _ operation: String = "read") {
        self.name = name
        self.title = title
        self.kind = kind
        self.operation = operation
    }

    /// All workloads, in the order in which they are run.
    package static let all: [BenchWorkload] = [
        BenchWorkload(
            "4k-1", "4 KiB random, O_DIRECT, depth 1", .direct(blockSize: 4096, depth: 1)),
        BenchWorkload(
            "4k-8", "4 KiB random, O_DIRECT, depth 8", .direct(blockSize: 4096, depth: 8)),
        BenchWorkload(
            "4k-32", "4 KiB random, O_DIRECT, depth 32", .direct(blockSize: 4096, depth: 32)),
        BenchWorkload(
            "64k-32", "64 KiB random, O_DIRECT, depth 32", .direct(blockSize: 65536, depth: 32)),
        BenchWorkload(
            "1m-8", "1 MiB random, O_DIRECT, depth 8", .direct(blockSize: 1 << 20, depth: 8)),
        BenchWorkload("cached-sequential", "Cached, sequential, cold", .cachedSequential),
        BenchWorkload(
            "cached-random-cold", "Cached, 4 KiB random, cold", .cachedRandom(isWarm: false)),
        BenchWorkload(
            "cached-random-warm", "Cached, 4 KiB random, warm", .cachedRandom(isWarm: true)),
        BenchWorkload("small-files", "Small files: open, read, close", .smallFiles, "file"),
        BenchWorkload("stat", "stat of files just seen", .stat(isAsked: false), "stat"),
        BenchWorkload(
            "stat-asked", "stat that nobody answers from memory", .stat(isAsked: true), "stat"),
        BenchWorkload("readdir", "Listing a large directory", .listing, "entry"),
        BenchWorkload("create", "Creating files", .create, "file"),
        BenchWorkload("unlink", "Removing files", .unlink, "file"),
    ]

    /// The workloads of `--routes`: the kernel's own reads against native.
    package static let ofRoutes = all.filter {
        $0.name != "4k-8" && [.data].contains($0.part)
    }
}
