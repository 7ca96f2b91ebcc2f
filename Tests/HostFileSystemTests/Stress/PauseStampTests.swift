import BypassIOProtocol
import Foundation
import IOStack
import MemoryFileSystem
import SystemPackage
import TestSupport
import Testing

@testable import HostFileSystem

/// Spec 4.4 under load: eight threads read as fast as they can while another thread pauses and
/// resumes. Each read carries stamps of the pauses in force when it began and when it ended.
@Suite("Not one bypassed read inside a pause, spec 4.4", .serialized)
struct PauseStampTests {
    enum Place: String, CaseIterable, Sendable {
        case memory
        case host
    }

    private static let readers = 8
    private static let depth = 4
    private static let page = 4096
    private static let pages = 64
    /// `BYPASSIO_TEST_PAUSES=10000` for the full test; half of the pauses pause the stream.
    private static let pauses =
        ProcessInfo.processInfo.environment["BYPASSIO_TEST_PAUSES"].flatMap { Int($0) } ?? 500

    private struct Outcome: Sendable {
        var violations = 0
        var failures = 0
        var engine = ""
    }

    /// Finished reads by route, for a thread that waits for a read.
    private final class Progress: Sendable {
        private let counts = Guarded<[ReadRoute: Int]>([:])

        func add(_ route: ReadRoute) { counts.withLock { $0[route, default: 0] += 1 } }

        /// Waits for a read that finishes from here on; false if none does, as if all readers hung.
        func sees(_ route: ReadRoute) -> Bool {
            let before = counts.withLock { $0[route] ?? 0 }
            return eventually { counts.withLock { $0[route] ?? 0 } > before }
        }
    }

    private struct Bench: Sendable {
        let storage: StampingStorage
        let volume: Volume
        let folder: TemporaryFolder?

        init(_ place: Place) throws {
            let manager = IOManager()
            switch place {
            case .memory:
                let disk = MemoryDisk()
                storage = StampingStorage(disk)
                folder = nil
                volume = manager.mount(
                    MemoryFileSystem(on: disk), named: "memory", storage: storage)
            case .host:
                let folder = try TemporaryFolder(in: "/var/tmp")
                let fileSystem = try HostFileSystem(root: folder.path)
                storage = StampingStorage(HostDisk(fileSystem.topology))
                self.folder = folder
                volume = manager.mount(fileSystem, named: "host", storage: storage)
            }
        }
    }

    @Test("spec 4.4: pauses meet eight threads that read", arguments: Place.allCases)
    func stamped(_ place: Place) throws {
        let bench = try Bench(place)
        let made = try bench.volume.open("file", access: [.read, .write], disposition: .create)
        try made.write(pattern(Self.page * Self.pages), at: 0)
        made.close()
        let file = try bench.volume.open("file", options: .nonCached)
        defer { file.close() }
        #expect(try file.bypassIO(.enable).results?.status == .success)
        let isDone = Guarded(false)
        let outcomes = Guarded<[Outcome]>([])
        let progress = Progress()
        let threads = (0..<Self.readers).map { number in
            Thread {
                let outcome = Self.read(bench, file, number, progress) { isDone.withLock { $0 } }
                outcomes.withLock { $0.append(outcome) }
            }
        }
        for thread in threads { thread.start() }
        let window = bench.storage.window
        for round in 0..<Self.pauses {
            let (pause, resume, bit, route):
                (BypassIOOperation, BypassIOOperation, UInt8, ReadRoute) =
                    round % 2 == 0
                    ? (.streamPause, .streamResume, PauseWindow.stream, .storageBypass)
                    : (.volumeStackPause, .volumeStackResume, PauseWindow.volume, .filterBypass)
            // Some rounds wait for the readers, outside the pause and inside it, so that reads take
            // every route however few turns the readers get.
            let waits = round % 64 < 2
            if waits { #expect(progress.sees(.fullBypass), "no read goes past everything") }
            _ = try file.bypassIO(pause)
            window.open(bit)
            if waits { #expect(progress.sees(route), "no read took the route \(route)") }
            window.close(bit)
            let results = try file.bypassIO(resume).results
            if results != BypassIOResults() {
                Issue.record("a resume failed: \(String(describing: results))")
            }
        }
        isDone.withLock { $0 = true }
        for thread in threads { thread.join() }
        let all = outcomes.withLock { $0 }
        #expect(all.count == Self.readers)
        #expect(all.reduce(0) { $0 + $1.violations } == 0)
        #expect(all.reduce(0) { $0 + $1.failures } == 0)
        if place == .host, EngineSupport.hasRing {
            #expect(all.allSatisfy { $0.engine.contains("io_uring") }, "\(all.map(\.engine))")
        }
        #expect(bench.volume.bypassedReadsInFlight == (0, 0))
    }

    private static func read(
        _ bench: Bench, _ file: FileObject, _ number: Int, _ progress: Progress,
        until isDone: () -> Bool
    ) -> Outcome {
        var outcome = Outcome()
        do {
            let (queue, stamps) = try bench.storage.makeQueue(
                bench.volume, depth: depth, slotSize: page)
            defer { queue.close() }
            outcome.engine = queue.engineSummary
            let member = try queue.attach(file)
            var next = number
            while !isDone() || queue.inFlight > 0 {
                while queue.hasFreeSlot, !isDone() {
                    next = (next + 7) % pages
                    try queue.read(
                        member, at: UInt64(next * page), length: page, tag: UInt64(next))
                }
                try queue.submit(waitingFor: min(1, queue.inFlight))
                while let done = queue.next() {
                    progress.add(done.route)
                    if stamps.isViolation(done.slot, done.route) { outcome.violations += 1 }
                    let first = queue.withBytes(of: done) { $0.isEmpty ? 0 : $0[0] }
                    let isRight =
                        done.failure == nil && done.count == page
                        && first == firstByte(ofPage: Int(done.tag))
                    if !isRight { outcome.failures += 1 }
                    queue.release(done)
                }
                // There are more threads than processors: a drain waits for each thread to get its
                // turn.
                sched_yield()
            }
        } catch {
            outcome.failures += 1
        }
        return outcome
    }

    private static func firstByte(ofPage number: Int) -> UInt8 {
        let offset = number * page
        return UInt8(truncatingIfNeeded: offset &* 31 &+ offset / 4096 &* 7)
    }
}

enum EngineSupport {
    static let hasRing: Bool = {
        let disk = HostDisk(name: "disk", storageType: "any", supportsBypassIO: true)
        guard let engine = try? disk.makeReadEngine(depth: 1, slotSize: 4096) else { return false }
        defer { engine.close() }
        return engine.summary.contains("io_uring")
    }()
}
