import CKernelABI
import DirectRead
import Foundation
import LinuxKit
import Synchronization
import SystemPackage

/// Measures how copying the bytes that a disk has read slows the disk's next reads.
///
///     swift run -c release bypassio-copies FILE [KIB]
///
/// As many threads as a mount has read random blocks of KIB kibibytes (default 64) of FILE with
/// O_DIRECT, each into a huge page of its own. In turns the threads leave the bytes alone, copy
/// them from the same place, and copy them from consecutive places. No mount takes part: the rate
/// is the most that a service that answers with a copy can reach on this disk.
@main
enum CopyBenchmark {
    private static let threads = 16
    private static let rounds = 9
    private static let secondsOfRound = 0.4

    private enum Way: String, CaseIterable {
        case alone = "left alone"
        case samePlace = "copied, the same place again"
        case inTurns = "copied, places in turn"
    }

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let path = arguments.first,
            let kibibytes = Int(arguments.dropFirst().first ?? "64"),
            (4...1024).contains(kibibytes), kibibytes.nonzeroBitCount == 1
        else {
            print("usage: bypassio-copies FILE [KIB], a power of 2 from 4 to 1024")
            exit(64)
        }
        do {
            try measure(path, size: kibibytes << 10)
        } catch {
            print("\(path) cannot be read with O_DIRECT: \(error)")
            exit(66)
        }
    }

    private static func measure(_ path: String, size: Int) throws {
        let file = try FileDescriptor.open(
            FilePath(path), .readOnly, options: .init(rawValue: BPIO_O_DIRECT))
        defer { try? file.close() }
        let blocks = Int(try file.seek(offset: 0, from: .end)) / size
        guard blocks > 1 else {
            print("\(path) holds less than two blocks.")
            exit(65)
        }
        let lanes = try (0..<threads).map { try Lane(file, size: size, blocks: blocks, seed: $0) }
        // A lane that cannot read at all fails before the measurement starts.
        try lanes[0].readOnce()
        var rates = Way.allCases.map { _ in [Double]() }
        for _ in 0..<rounds {
            for (index, way) in Way.allCases.enumerated() {
                rates[index].append(rate(lanes, way))
            }
        }
        for (way, values) in zip(Way.allCases, rates) {
            let ratio = median(zip(values, rates[0]).map { $0 / $1 })
            print(
                "\(way.rawValue.padding(toLength: 30, withPad: " ", startingAt: 0))"
                    + String(format: "%8.0f reads/s  %.2f", median(values), ratio))
        }
    }

    /// Reads per second of all lanes together.
    private static func rate(_ lanes: [Lane], _ way: Way) -> Double {
        let end = ContinuousClock.now + .seconds(secondsOfRound)
        let group = DispatchGroup()
        let reads = Counter()
        for lane in lanes {
            group.enter()
            let thread = Thread {
                let count = lane.read(
                    until: end, copies: way != .alone, movesOn: way == .inTurns)
                reads.value.wrappingAdd(count, ordering: .relaxed)
                group.leave()
            }
            thread.start()
        }
        group.wait()
        return Double(reads.value.load(ordering: .relaxed)) / secondsOfRound
    }

    private static func median(_ values: [Double]) -> Double {
        values.sorted()[values.count / 2]
    }

    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }
}

/// One thread's memory and place in the file. Used by one thread at a time.
@safe
private final class Lane: @unchecked Sendable {
    private let file: FileDescriptor
    private let size: Int
    private let blocks: Int
    private let source: MemoryMapping
    private let target: MemoryMapping
    private var random: UInt64
    private var place = 0

    init(_ file: FileDescriptor, size: Int, blocks: Int, seed: Int) throws {
        self.file = file
        self.size = size
        self.blocks = blocks
        source = try MemoryMapping(hugePagesFor: MemoryMapping.hugePageSize)
        source.adviseHugePages()
        target = try MemoryMapping(size: size)
        random = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    func readOnce() throws {
        let memory = unsafe UnsafeMutableRawBufferPointer(start: source.base, count: size)
        _ = try unsafe file.read(fromAbsoluteOffset: 0, into: memory)
    }

    /// Returns the number of reads; ends early when a read fails.
    func read(until end: ContinuousClock.Instant, copies: Bool, movesOn: Bool) -> Int {
        var count = 0
        while ContinuousClock.now < end {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let offset = Int64(random >> 33) % Int64(blocks) * Int64(size)
            place = movesOn ? (place + size) % MemoryMapping.hugePageSize : 0
            let memory = unsafe UnsafeMutableRawBufferPointer(
                start: source.base + place, count: size)
            guard
                (try? unsafe file.read(fromAbsoluteOffset: offset, into: memory)) == size
            else { return count }
            if copies { unsafe target.base.copyMemory(from: source.base + place, byteCount: size) }
            count += 1
        }
        return count
    }
}
