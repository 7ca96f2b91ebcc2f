import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("How long callbacks take")
struct CallbackTimesTests {
    @Test("nothing is timed while nobody looks; then each callback is; then none")
    func timed() throws {
        let memory = MemoryVolume()
        let instance = try memory.attach(tracer("filter", at: "100", Trace()))
        let file = try memory.file()
        func read() throws { _ = try file.read(at: 0, length: 512) }
        func callbacks() -> UInt64 { instance.callbacksRun.pre + instance.callbacksRun.post }

        try read()
        #expect(callbacks() > 0)
        #expect(instance.callbackTimes == LatencyReport(counts: [], nanoseconds: 0))

        memory.volume.timeCallbacks(true)
        let before = callbacks()
        for _ in 0..<100 { try read() }
        let times = instance.callbackTimes
        #expect(times.count == callbacks() - before)
        #expect(times.nanoseconds > 0)
        // A sum of bounds is no less than the sum of times.
        let bounds = times.counts.enumerated().map {
            $0.element * LatencyReport.end(ofBucket: $0.offset)
        }
        #expect(bounds.reduce(0, +) >= times.nanoseconds)

        memory.volume.timeCallbacks(false)
        try read()
        #expect(instance.callbackTimes == times)
    }

    @Test("several threads are timed at once, the first look among them")
    func threads() throws {
        let memory = MemoryVolume()
        let instance = try memory.attach(tracer("filter", at: "100", Trace()))
        memory.volume.timeCallbacks(true)
        let before = instance.callbacksRun
        let readers = try (0..<4).map { _ in
            let file = try memory.file()
            return OwnThread { for _ in 0..<500 { _ = try file.read(at: 0, length: 512) } }
        }
        for reader in readers { try reader.result() }
        let after = instance.callbacksRun
        #expect(
            instance.callbackTimes.count == after.pre + after.post - before.pre - before.post)
    }

    @Test("times are told for each function, and all together are the sum")
    func functions() throws {
        let memory = MemoryVolume()
        let instance = try memory.attach(tracer("filter", at: "100", Trace(), [.read, .write]))
        let file = try memory.volume.open(
            "data", access: [.read, .write], disposition: .create)
        memory.volume.timeCallbacks(true)
        for _ in 0..<3 { _ = try file.read(at: 0, length: 512) }
        try file.write([1, 2, 3], at: 0)
        let counts = MajorFunction.allCases.map { instance.callbackTimes(of: $0).count }
        #expect(instance.callbackTimes(of: .read).count == 6)
        #expect(instance.callbackTimes(of: .write).count == 2)
        #expect(counts.reduce(0, +) == 8 && instance.callbackTimes.count == 8)
        #expect(
            instance.callbackTimes.nanoseconds
                == MajorFunction.allCases.reduce(0) {
                    $0 + instance.callbackTimes(of: $1).nanoseconds
                })
    }
}
