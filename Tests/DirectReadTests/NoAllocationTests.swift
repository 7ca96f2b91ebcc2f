import CAllocationCounter
import DirectRead
import LinuxKit
import TestSupport
import Testing

/// Design rule 7: an engine's read path allocates nothing.
@Suite(
    "Reads without allocations",
    .enabled(
        if: bpio_counting_available(),
        "a sanitizer or another C library owns the allocator, so nothing can be counted"))
struct NoAllocationTests {
    private static let reads = 100_000
    private static let depth = 32

    @Test("100,000 reads allocate nothing", arguments: EngineKind.available)
    func manyReads(_ kind: EngineKind) throws {
        let file = try TemporaryFile(size: 1 << 20)
        let engine = try kind.make(depth: Self.depth, slotSize: 4096)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        try expectNoAllocations(engine, index)
    }

    private func expectNoAllocations(_ engine: some ReadEngine, _ index: FileIndex) throws {
        var loop = ReadLoop(engine: engine, file: index, pages: 256)
        try loop.run(reads: 1000)
        var failure: (any Error)?
        var counts = bpio_counts()
        bpio_count_begin()
        do {
            try loop.run(reads: Self.reads)
        } catch {
            failure = error
        }
        unsafe bpio_count_end(&counts)
        #expect(failure == nil)
        #expect(loop.completed == Self.reads + 1000)
        #expect(loop.failed == 0)
        #expect(counts.allocations == 0)
        #expect(counts.frees == 0)
    }

    @Test(
        "100,000 reads of the ring engine count no reference",
        .enabled(if: EngineKind.ringRefusal == nil, "the kernel refuses io_uring"),
        .enabled(if: isOptimized, "only optimised code leaves reference counting out"),
        .enabled(
            if: bpio_reference_counting_available(), "the Swift runtime is linked in"))
    func noReferenceCounting() throws {
        let file = try TemporaryFile(size: 1 << 20)
        let engine = try RingReadEngine(depth: Self.depth, slotSize: 4096)
        defer { engine.close() }
        let index = try engine.register(file.descriptor)
        var loop = ReadLoop(engine: engine, file: index, pages: 256)
        try loop.run(reads: 1000)
        var failure: (any Error)?
        var counts = bpio_counts()
        bpio_count_begin()
        do {
            try loop.run(reads: Self.reads)
        } catch {
            failure = error
        }
        unsafe bpio_count_end(&counts)
        #expect(failure == nil)
        #expect(loop.failed == 0)
        #expect(counts.allocations == 0)
        #expect(counts.retains == 0)
        #expect(counts.releases == 0)
    }
}

/// Whether the compiler optimises this build, and so leaves out assertions.
let isOptimized: Bool = {
    var isDebug = false
    assert(
        {
            isDebug = true
            return true
        }())
    return !isDebug
}()

/// Keeps every slot of an engine reading single pages of one file.
private struct ReadLoop<Engine: ReadEngine> {
    let engine: Engine
    let file: FileIndex
    let pages: Int
    private var next = 0
    private(set) var completed = 0
    private(set) var failed = 0
    private(set) var sum: UInt64 = 0

    init(engine: Engine, file: FileIndex, pages: Int) {
        self.engine = engine
        self.file = file
        self.pages = pages
    }

    mutating func run(reads: Int) throws {
        var toStart = reads
        var running = 0
        while running < engine.depth && toStart > 0 {
            startNext(slot: running)
            running += 1
            toStart -= 1
        }
        while running > 0 {
            try engine.submit(waitingFor: 1)
            while let done = engine.nextCompletion() {
                completed += 1
                running -= 1
                let slot = Int(done.slot)
                if done.result == 4096 {
                    sum &+= engine.withBytes(of: slot, count: 4096) { bytes in
                        unsafe bytes.unsafeLoad(fromByteOffset: 8, as: UInt64.self)
                    }
                } else {
                    failed += 1
                }
                guard toStart > 0 else { continue }
                startNext(slot: slot)
                running += 1
                toStart -= 1
            }
        }
    }

    private mutating func startNext(slot: Int) {
        next = (next &+ 37) % pages
        engine.start(slot: slot, file: file, offset: UInt64(next * 4096), length: 4096)
    }
}
