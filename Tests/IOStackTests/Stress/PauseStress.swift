import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// Stamps every read at the disk with the layers it skipped, and knows when a read may skip none.
///
/// Reads in flight at once lie at different blocks. A filter and a volume driver mark the block of
/// each read they see, and the disk removes the marks.
private final class Stamps: Sendable {
    static let blockSize = 512
    static let blocks = 64

    struct State {
        var sawFilters = Set<UInt64>()
        var sawDrivers = Set<UInt64>()
        var pastFilters = Set<UInt64>()
        var pastDrivers = Set<UInt64>()
        var mayPassFilters = true
        var mayPassDrivers = true
        var bypassed = 0
        var violations = 0
    }
    let state = Guarded(State())

    func mark(filters offset: UInt64) {
        state.withLock { _ = $0.sawFilters.insert(offset) }
    }

    func mark(drivers offset: UInt64) {
        state.withLock { _ = $0.sawDrivers.insert(offset) }
    }

    func began(_ offset: UInt64) {
        state.withLock { state in
            let hasSeenFilters = state.sawFilters.remove(offset) != nil
            let hasSeenDrivers = state.sawDrivers.remove(offset) != nil
            if !hasSeenFilters { state.pastFilters.insert(offset) }
            if !hasSeenDrivers { state.pastDrivers.insert(offset) }
            if !hasSeenFilters, !state.mayPassFilters { state.violations += 1 }
            if !hasSeenDrivers, !state.mayPassDrivers { state.violations += 1 }
            if !hasSeenFilters, !hasSeenDrivers { state.bypassed += 1 }
        }
    }

    func finished(_ offset: UInt64) {
        state.withLock { state in
            if state.pastFilters.remove(offset) != nil, !state.mayPassFilters {
                state.violations += 1
            }
            if state.pastDrivers.remove(offset) != nil, !state.mayPassDrivers {
                state.violations += 1
            }
        }
    }

    /// From here on no read may skip these layers; a read that does is a violation.
    func forbid(filters: Bool, drivers: Bool) {
        state.withLock { state in
            state.mayPassFilters = !filters
            state.mayPassDrivers = !drivers
            if filters { state.violations += state.pastFilters.count }
            if drivers { state.violations += state.pastDrivers.count }
        }
    }
}

@Suite("No bypassed read inside a pause", .serialized)
struct PauseStress {
    enum Stop: CaseIterable, Sendable {
        case streamPause, volumePause, suspension, attach, disable
    }

    @Test(
        "spec 4.3 and 4.4: no bypassed read begins or is in flight while bypass is stopped",
        arguments: Stop.allCases)
    func stopped(by stop: Stop) throws {
        let stamps = Stamps()
        let driver = ScriptedVolumeDriver(name: "driver")
        driver.onTransfer { stamps.mark(drivers: $0.extent.offset) }
        let memory = MemoryVolume(drivers: [driver])
        let content = pattern(Stamps.blocks * Stamps.blockSize)
        let file = try memory.enabledFile("data", content)
        try memory.attach(
            filter(
                "marker", at: "100",
                OperationRegistration(
                    .read,
                    preOperation: { data, _ in
                        if case .read(let offset, _) = data.parameters {
                            stamps.mark(filters: offset)
                        }
                        return .successWithCallback(.none)
                    }, postOperation: { _, _, _ in .finishedProcessing })))
        memory.disk.readObserver = MemoryDisk.ReadObserver(
            began: { stamps.began($0.offset) }, finished: { stamps.finished($0.offset) })

        let isDone = Box(false)
        let readers = try startReaders(memory, file, content, until: isDone)
        let stopper = try Stopper(stop, memory, file)
        for _ in 0..<150 {
            let before = stamps.state.withLock { $0.bypassed }
            #expect(eventually { stamps.state.withLock { $0.bypassed } > before })
            try stopper.stop()
            stamps.forbid(filters: stop != .volumePause, drivers: stop != .streamPause)
            // Gives the readers time to break the rule.
            let reads = memory.disk.reads.count
            #expect(eventually { memory.disk.reads.count > reads + 4 })
            stamps.forbid(filters: false, drivers: false)
            try stopper.resume()
        }
        isDone.value = true
        for reader in readers { try reader.result() }
        #expect(stamps.state.withLock { $0.violations } == 0)
        #expect(file.stream.bypassedReadsInFlight == 0)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
        file.close()
        #expect(memory.volume.activeBypassCount == 0)
    }

    /// Starts two threads that read one by one and one with a queue, each in blocks of its own.
    private func startReaders(
        _ memory: MemoryVolume, _ file: FileObject, _ content: [UInt8], until isDone: Box<Bool>
    ) throws -> [OwnThread<Void>] {
        let size = Stamps.blockSize
        let single = (0..<2).map { number in
            OwnThread {
                let buffer = HeapBuffer(capacity: size)
                var block = number * 8
                while !isDone.value {
                    block = number * 8 + (block + 1) % 8
                    let count = try file.read(
                        at: UInt64(block * size), length: size, into: buffer)
                    #expect(count == size)
                    let first = buffer.withBytes(1) { $0[0] }
                    #expect(first == content[block * size])
                }
            }
        }
        let queued = OwnThread {
            let queue = try ReadQueue(memory.volume, depth: 8, slotSize: size)
            let number = try queue.attach(file)
            var free = Array(UInt64(16)..<24)
            while !isDone.value || queue.inFlight > 0 {
                while !isDone.value, let block = free.popLast() {
                    try queue.read(number, at: block * UInt64(size), length: size, tag: block)
                }
                try queue.submit(waitingFor: 1)
                while let done = queue.next() {
                    #expect(done.failure == nil && done.count == size)
                    free.append(done.tag)
                    queue.release(done)
                }
            }
            queue.close()
        }
        return single + [queued]
    }
}

/// Stops all bypass and lets it resume, by one of the possible ways.
private struct Stopper {
    let stop: () throws -> Void
    let resume: () throws -> Void

    init(_ kind: PauseStress.Stop, _ memory: MemoryVolume, _ file: FileObject) throws {
        switch kind {
        case .streamPause:
            stop = { _ = try file.bypassIO(.streamPause) }
            resume = {
                let results = try file.bypassIO(.streamResume).results
                #expect(results == BypassIOResults())
            }
        case .volumePause:
            stop = { _ = try file.bypassIO(.volumeStackPause) }
            resume = {
                let results = try file.bypassIO(.volumeStackResume).results
                #expect(results == BypassIOResults())
            }
        case .suspension:
            stop = { memory.volume.suspendBypass(of: file.stream, because: .moving) }
            resume = { memory.volume.endSuspension(of: file.stream, because: .moving) }
        case .attach:
            let filters = memory.manager.filterManager
            let old = try filters.register(tracer("old", at: "50", Trace(), features: []))
            stop = { try filters.attach(old, to: memory.volume) }
            resume = {
                for instance in memory.volume.instances where instance.filter === old {
                    try filters.detach(instance)
                }
            }
        case .disable:
            stop = { _ = try file.bypassIO(.disable) }
            resume = { _ = try file.bypassIO(.enable) }
        }
    }
}
