import CKernelABI
import Foundation
import Glibc
import IOStack
import LinuxKit
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// The kernel carries out no unasked read between the return of drain() and the call of open(),
/// while threads read as fast as they can.
///
/// A thread often loses its processor when a read is over and the thread has not stamped its end.
/// So the test changes the file right after the return and changes it back before the call: no read
/// may see the change.
///
/// Cached reads on ext4 and btrfs take no lock, and some lose their processor between the gate and
/// the copy (filemap_read offers it): without ``ThreadsInReads`` about one closing in a hundred
/// misses such a read.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct GateStampTests {
    enum Kind: String, CaseIterable, Sendable {
        case direct, cached
    }

    private static let readers = 4
    /// `BYPASSIO_TEST_GATES=10000` for more.
    private static let rounds =
        ProcessInfo.processInfo.environment["BYPASSIO_TEST_GATES"].flatMap { Int($0) } ?? 300

    /// Nanoseconds of CLOCK_MONOTONIC.
    private struct Span: Sendable {
        var begin: UInt64
        var end: UInt64
        /// The thread that read.
        var thread: UInt32 = 0
        /// The version of the file: odd while the gate is closed.
        var version: UInt64 = 0
    }

    private static var now: UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    @Test(
        .enabled(if: GateBench.isAvailable, "\(GateBench.needs)"), arguments: Kind.allCases)
    func stamped(_ kind: Kind) throws {
        try Self.stress(try GateBench(), kind)
    }

    @Test(
        .enabled(
            if: GateBench.isAvailable && MountedTraitsTests.has("xfs", "mkfs.xfs"),
            "\(GateBench.needs); \(MountedTraitsTests.needs)"), arguments: Kind.allCases)
    func stampedOnXFS(_ kind: Kind) throws {
        let mounted = try MountedFileSystem("mkfs.xfs", ["-q"], megabytes: 320)
        try Self.stress(try GateBench(in: mounted.mountPoint), kind)
    }

    @Test(
        .enabled(
            if: GateBench.isAvailable && MountedTraitsTests.has("btrfs", "mkfs.btrfs"),
            "\(GateBench.needs); \(MountedTraitsTests.needs)"), arguments: Kind.allCases)
    func stampedOnBtrfs(_ kind: Kind) throws {
        let mounted = try MountedFileSystem("mkfs.btrfs", ["-q"], megabytes: 128)
        try Self.stress(try GateBench(in: mounted.mountPoint), kind)
    }

    private static func stress(_ bench: GateBench, _ kind: Kind) throws {
        let isDone = Guarded(false)
        let spans = Guarded<[Span]>([])
        /// Finished reads: all of them, and those that saw a version of the closed gate.
        let done = Guarded((all: 0, inside: 0))
        let files = try (0..<readers).map { _ in try bench.reader(direct: kind == .direct) }
        let asked = Guarded<[UInt32: [UInt64]]>([:])
        bench.answers { read in
            asked.withLock { $0[read.thread, default: []].append(now) }
            return nil
        }
        let path = bench.host.root.appending("f")
        let file = OpenFile(try SystemCall.open(path, .readWrite))
        try write(0, to: file)
        let idle = try idleTimes(bench)
        let threads = files.map { file in
            Thread {
                let own = read(file) { isInside in
                    done.withLock {
                        $0.all += 1
                        $0.inside += isInside ? 1 : 0
                    }
                    return isDone.withLock { $0 }
                }
                spans.withLock { $0 += own }
            }
        }
        for thread in threads { thread.start() }
        var closing: [UInt64] = []
        var opening: [UInt64] = []
        for round in 0..<rounds {
            let start = now
            try bench.door.close()
            bench.door.drain(with: [])
            let began = now
            try write(UInt64(round) * 2 + 1, to: file)
            // Some rounds are long enough for questions.
            if round % 4 == 0 { usleep(300) }
            // The first round lasts until a read passes the closed gate, however few turns the
            // readers get.
            if round == 0 { #expect(eventually { done.withLock { $0.inside > 0 } }) }
            try write(UInt64(round) * 2 + 2, to: file)
            let ended = now
            bench.door.open()
            closing.append(began - start)
            opening.append(now - ended)
            usleep(UInt32(round % 5) * 100)
        }
        #expect(eventually { done.withLock { $0.all > rounds } }, "hardly anything was read")
        isDone.withLock { $0 = true }
        for thread in threads { #expect(thread.join(within: 120)) }
        report(bench, "\(kind.rawValue) reads", closing, opening)
        report(bench, "no reads", idle.closing, idle.opening)
        let all = spans.withLock { $0 }
        let inside = all.filter { $0.version % 2 == 1 }
        let unasked = inside.filter { span in
            !asked.withLock { $0[span.thread, default: []] }.contains {
                $0 >= span.begin && $0 <= span.end
            }
        }
        #expect(!inside.isEmpty, "no read was asked about and passed")
        let outcome = "\(unasked.count) unasked of \(inside.count) inside, of \(all.count)"
        print("gate on \(bench.host.fileSystem.name), \(kind.rawValue) reads:", outcome)
        #expect(unasked.isEmpty, "\(outcome)")
    }

    private static func idleTimes(
        _ bench: GateBench
    ) throws -> (closing: [UInt64], opening: [UInt64]) {
        var (closing, opening): ([UInt64], [UInt64]) = ([], [])
        for _ in 0..<100 {
            let start = now
            try bench.door.close()
            bench.door.drain(with: [])
            let middle = now
            bench.door.open()
            closing.append(middle - start)
            opening.append(now - middle)
        }
        return (closing, opening)
    }

    private static func report(
        _ bench: GateBench, _ what: String, _ closing: [UInt64], _ opening: [UInt64]
    ) {
        let name = bench.host.fileSystem.name
        let middle = closing.count / 2
        print(
            "gate on \(name), \(what):",
            "close \(closing.sorted()[middle] / 1000) µs,",
            "open \(opening.sorted()[middle] / 1000) µs (medians)")
    }

    private static func write(_ version: UInt64, to file: OpenFile) throws {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: version >> ($0 * 8)) }
        try SystemCall.writeAll(bytes, to: file.descriptor, at: 0)
    }

    /// Reads until `isDone` returns true; tells it whether each read saw a version of the closed
    /// gate.
    private static func read(
        _ file: OpenFile, until isDone: (_ isInside: Bool) -> Bool
    ) -> [Span] {
        guard let buffer = try? HostBuffer(capacity: 4096) else { return [] }
        let thread = UInt32(bpio_thread_id())
        var spans: [Span] = []
        while true {
            let begin = now
            let version = try? buffer.withMutableBytes(4096) { (span) throws(Errno) in
                var raw = unsafe span.mutableBytes
                guard try SystemCall.read(file.descriptor, into: &raw, at: 0) == 4096
                else { throw .ioError }
                return (0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(span[$1]) }
            }
            let end = now
            guard let version else { break }
            spans.append(Span(begin: begin, end: end, thread: thread, version: version))
            if isDone(version % 2 == 1) { break }
        }
        return spans
    }
}
