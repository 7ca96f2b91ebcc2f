import BypassIOProtocol
import CAllocationCounter
import DirectRead
import IOStack
import LinuxKit
import SystemPackage
import Testing

@testable import HostFileSystem

/// Checks what the docstrings of ``FileObject/read(at:length:into:)`` and ``ReadQueue`` promise of
/// bypassed reads, through every layer down to the kernel.
@Suite(
    "Bypassed reads of a host file without allocations",
    .enabled(
        if: bpio_counting_available(),
        "a sanitizer or another C library owns the allocator, so nothing can be counted"))
struct NoAllocationTests {
    private static let reads = 100_000
    private static let depth = 32
    private static let pages = 256
    private static let ringRefusal = RingProbe.run().unavailable

    private func enabledFile(_ host: HostFixture) throws -> FileObject {
        try host.hostFile("data", pattern(Self.pages * 4096))
        let file = try host.open("data", options: .nonCached)
        #expect(try file.bypassIO(.enable).results?.status == .success)
        return file
    }

    /// Counts the allocations and references of `body` on this thread.
    private func counting(_ body: () throws -> Void) throws -> bpio_counts {
        var counts = bpio_counts()
        bpio_count_begin()
        let outcome = Result { try body() }
        unsafe bpio_count_end(&counts)
        try outcome.get()
        return counts
    }

    private func expectNothing(_ counts: bpio_counts) {
        #expect(counts.allocations == 0)
        #expect(counts.frees == 0)
        guard isOptimized, bpio_reference_counting_available() else { return }
        // The loop itself may retain an object once for the whole run; a read may not.
        #expect(counts.retains < 10)
        #expect(counts.releases < 10)
    }

    @Test("100,000 single bypassed reads allocate nothing and count no reference")
    func singleReads() throws {
        let host = try HostFixture()
        let file = try enabledFile(host)
        defer { file.close() }
        let buffer = try host.volume.makeBuffer(capacity: 4096)
        try readSingly(file, buffer, 1000)
        let counts = try counting { try readSingly(file, buffer, Self.reads) }
        expectNothing(counts)
        #expect(file.readsByRoute[.fullBypass] == UInt64(Self.reads + 1000))
    }

    @inline(never)
    private func readSingly(
        _ file: FileObject, _ buffer: any IOBuffer, _ count: Int
    ) throws(IOFailure) {
        var page = 0
        for _ in 0..<count {
            page = (page &+ 37) % Self.pages
            let length = try file.read(at: UInt64(page &* 4096), length: 4096, into: buffer)
            guard length == 4096 else { throw IOFailure(.endOfFile) }
        }
    }

    @Test(
        "100,000 bypassed reads through a ring of 32 allocate nothing and count no reference",
        .enabled(if: ringRefusal == nil, "the kernel refuses io_uring"))
    func queuedReadsOnRing() throws {
        try queuedReads(.ring)
    }

    @Test("100,000 bypassed reads through a queue of 32 on threads allocate nothing")
    func queuedReadsOnThreads() throws {
        try queuedReads(.threadPool)
    }

    private func queuedReads(_ policy: ReadEngines.Policy) throws {
        let host = try HostFixture()
        let disk = try #require(host.volume.stack.storage as? HostDisk)
        disk.policy = policy
        let file = try enabledFile(host)
        defer { file.close() }
        let queue = try ReadQueue(host.volume, depth: Self.depth, slotSize: 4096)
        defer { queue.close() }
        let queued = try queue.attach(file)
        var loop = QueueLoop(queue: queue, file: queued, pages: Self.pages)
        try loop.run(reads: 1000)
        let counts = try counting { try loop.run(reads: Self.reads) }
        expectNothing(counts)
        #expect(loop.completed == Self.reads + 1000)
        #expect(loop.failed == 0)
        #expect(file.readsByRoute[.fullBypass] == UInt64(Self.reads + 1000))
    }
}

/// Whether the compiler optimises this build, and so leaves out assertions.
private let isOptimized: Bool = {
    var isDebug = false
    assert(
        {
            isDebug = true
            return true
        }())
    return !isDebug
}()

/// Keeps every slot of a queue reading single pages of one file.
private struct QueueLoop {
    let queue: ReadQueue
    let file: QueuedFile
    let pages: Int
    private var next = 0
    private(set) var completed = 0
    private(set) var failed = 0
    private(set) var sum = 0

    init(queue: ReadQueue, file: QueuedFile, pages: Int) {
        self.queue = queue
        self.file = file
        self.pages = pages
    }

    @inline(never)
    mutating func run(reads: Int) throws(IOFailure) {
        var toStart = reads
        var running = 0
        while running > 0 || toStart > 0 {
            while toStart > 0, queue.hasFreeSlot {
                next = (next &+ 37) % pages
                try queue.read(file, at: UInt64(next * 4096), length: 4096, tag: UInt64(next))
                toStart -= 1
                running += 1
            }
            try queue.submit(waitingFor: 1)
            while let done = queue.next() {
                completed += 1
                running -= 1
                if done.count == 4096 {
                    sum &+= queue.withBytes(of: done) { Int($0[8]) }
                } else {
                    failed += 1
                }
                queue.release(done)
            }
        }
    }
}
