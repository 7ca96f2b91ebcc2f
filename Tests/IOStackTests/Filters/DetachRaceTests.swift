import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Synchronization
import SystemPackage
import Testing

@Suite("Detaching while requests run, spec 5")
struct DetachRaceTests {
    @Test("spec 5: after a detach returned no callback of the instance runs")
    func noCallbackAfterDetach() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        let cached = try memory.volume.open("data")
        let filters = memory.manager.filterManager
        let shared = Stamps()
        let rows = [MajorFunction.read, .fileSystemControl].map { major in
            OperationRegistration(
                major,
                preOperation: { _, _ in
                    shared.stamp()
                    return .successWithCallback(.none)
                },
                postOperation: { _, _, _ in
                    shared.stamp()
                    return .finishedProcessing
                })
        }
        let racer = try filters.register(
            FilterRegistration(
                name: "racer", altitude: altitude("100"), supportedFeatures: .bypassIO,
                operations: rows))
        let hammers = (0..<2).map { number in
            OwnThread {
                let buffer = HeapBuffer(capacity: 512)
                while !shared.stop.load(ordering: .relaxed) {
                    _ = try cached.read(at: 512 * UInt64(number), length: 512, into: buffer)
                    _ = try file.bypassIO(.query)
                }
            }
        }
        var lateOnes = 0
        for _ in 0..<1000 {
            shared.isDetached.store(false, ordering: .sequentiallyConsistent)
            let instance = try filters.attach(racer, to: memory.volume)
            try filters.detach(instance)
            shared.isDetached.store(true, ordering: .sequentiallyConsistent)
            if shared.inside.load(ordering: .sequentiallyConsistent) != 0 { lateOnes += 1 }
        }
        // Waits until the filter has seen a read, however the threads were scheduled.
        shared.isDetached.store(false, ordering: .sequentiallyConsistent)
        let last = try filters.attach(racer, to: memory.volume)
        #expect(eventually { shared.seen.load(ordering: .relaxed) > 0 })
        try filters.detach(last)
        shared.isDetached.store(true, ordering: .sequentiallyConsistent)
        shared.stop.store(true, ordering: .relaxed)
        for hammer in hammers { try hammer.result() }
        #expect(lateOnes == 0)
        #expect(shared.late.load(ordering: .relaxed) == 0)
    }
}

/// The observations of a racing filter's callbacks.
private final class Stamps: Sendable {
    let stop = Atomic(false)
    let inside = Atomic(0)
    let seen = Atomic(0)
    let isDetached = Atomic(true)
    let late = Atomic(0)

    func stamp() {
        inside.wrappingAdd(1, ordering: .sequentiallyConsistent)
        seen.wrappingAdd(1, ordering: .relaxed)
        if isDetached.load(ordering: .sequentiallyConsistent) {
            late.wrappingAdd(1, ordering: .relaxed)
        }
        inside.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }
}
