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

/// The amount of data for the workloads.
package struct BenchSizes: Sendable, Codable, Equatable {
    /// Bytes of the large file.
    package var data: UInt64
    /// Files of 4 KiB each.
    package var smallFiles: Int
    /// Entries of the large directory.
    package var entries: Int
    /// Files made and removed in a pass.
    package var created: Int

    package static let full = BenchSizes(
        data: 256 << 20, smallFiles: 10_000, entries: 100_000, created: 2_000)
    package static let quick = BenchSizes(
        data: 32 << 20, smallFiles: 500, entries: 2_000, created: 100)
}

/// Offsets of blocks in random order; every block comes once before any comes again.
struct OffsetWalk {
    private let blocks: UInt64
    private let blockSize: UInt64
    private let step: UInt64
    private var place: UInt64

    /// `size` bytes of at least one block; the order depends on `seed`.
    init(size: UInt64, blockSize: Int, seed: UInt64) {
        self.blockSize = UInt64(blockSize)
        blocks = max(1, size / self.blockSize)
        var random = SplitMix64(seed: seed)
        place = random.next() % blocks
        // A step that has no divisor in common with the count visits all blocks. Near the golden
        // section it jumps far each time.
        var step = max(1, UInt64(Double(blocks) * 0.618_034)) &+ random.next() % max(1, blocks / 8)
        step = max(1, step % blocks)
        while Self.divisor(step, blocks) != 1 { step += 1 }
        self.step = step
    }

    mutating func next() -> UInt64 {
        place = (place + step) % blocks
        return place * blockSize
    }

    private static func divisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var (first, second) = (first, second)
        while second != 0 { (first, second) = (second, first % second) }
        return first
    }
}

/// Sebastiano Vigna's SplitMix64: small, fast, and the same on every machine for a seed.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Fills an array whose size is a multiple of 8.
    package mutating func fill(_ bytes: inout [UInt8]) {
        for start in stride(from: 0, to: bytes.count, by: 8) {
            let word = next()
            for index in 0..<8 {
                bytes[start + index] = UInt8(truncatingIfNeeded: word >> (8 * index))
            }
        }
    }
}
