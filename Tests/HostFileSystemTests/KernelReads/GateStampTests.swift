import CKernelABI
import Foundation
import Glibc
import IOStack
import SystemPackage
import Testing

@testable import HostFileSystem

/// No read ends, unasked, between the return of close() and the call of open(), while threads read as
/// fast as they can.
///
/// Cached reads are of a file that is in memory throughout: those that sleep until the disk delivers
/// are not promised on ext4 and btrfs.
@Suite(.serialized, .timeLimit(.minutes(5)))
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
        /// Whose read it was.
        var thread: UInt32 = 0
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
        let files = try (0..<readers).map { _ in try bench.reader(direct: kind == .direct) }
        let asked = Guarded<[UInt32: [UInt64]]>([:])
        bench.answers { read in
            asked.withLock { $0[read.thread, default: []].append(now) }
            return nil
        }
        let threads = files.map { file in
            Thread {
                let own = read(file) { isDone.withLock { $0 } }
                spans.withLock { $0 += own }
            }
        }
        for thread in threads { thread.start() }
        var closed: [Span] = []
        var closing: [UInt64] = []
        var opening: [UInt64] = []
        for round in 0..<rounds {
            let start = now
            try bench.door.close()
            let began = now
            // Some rounds are long enough for questions.
            if round % 4 == 0 { usleep(300) }
            let ended = now
            bench.door.open()
            closing.append(began - start)
            opening.append(now - ended)
            closed.append(Span(begin: began, end: ended))
            usleep(UInt32(round % 5) * 100)
        }
        isDone.withLock { $0 = true }
        for thread in threads { #expect(thread.join(within: 30)) }
        report(bench, kind, closing, opening)
        check(spans.withLock { $0 }, closed, questions: asked.withLock { $0 })
    }

    private static func report(
        _ bench: GateBench, _ kind: Kind, _ closing: [UInt64], _ opening: [UInt64]
    ) {
        let name = bench.host.fileSystem.name
        let middle = closing.count / 2
        print(
            "gate on \(name), \(kind.rawValue) reads:",
            "close \(closing.sorted()[middle] / 1000) µs,",
            "open \(opening.sorted()[middle] / 1000) µs (medians)")
    }

    private static func check(
        _ spans: [Span], _ closed: [Span], questions: [UInt32: [UInt64]]
    ) {
        var unasked = 0
        var inside = 0
        for window in closed {
            for span in spans where span.end > window.begin && span.end < window.end {
                inside += 1
                let isAsked = questions[span.thread, default: []].contains {
                    $0 >= span.begin && $0 <= span.end
                }
                if !isAsked { unasked += 1 }
            }
        }
        #expect(spans.count > closed.count, "hardly anything was read")
        #expect(inside > 0, "no read was asked about and passed")
        #expect(unasked == 0, "of \(spans.count) reads, \(inside) of them inside")
    }

    private static func read(_ file: OpenFile, until isDone: () -> Bool) -> [Span] {
        guard let buffer = try? HostBuffer(capacity: 4096) else { return [] }
        let thread = UInt32(bpio_thread_id())
        var spans: [Span] = []
        var page: Int64 = 0
        while !isDone() {
            page = (page + 7) % 64
            let begin = now
            let isRead =
                (try? buffer.withMutableBytes(4096) { (span) throws(Errno) in
                    var raw = unsafe span.mutableBytes
                    return try SystemCall.read(file.descriptor, into: &raw, at: page * 4096)
                }) == 4096
            guard isRead else { break }
            spans.append(Span(begin: begin, end: now, thread: thread))
        }
        return spans
    }
}
