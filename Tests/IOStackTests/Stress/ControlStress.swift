import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Everything at once", .serialized)
struct ControlStress {
    @Test("controls, opens, attaches and reads from many threads leave the counts at zero")
    func everything() throws {
        let driver = ScriptedVolumeDriver(name: "driver")
        let memory = MemoryVolume(drivers: [driver])
        let content = pattern(8192)
        let names = ["one", "two", "three"]
        for name in names { try memory.file(name, content).close() }
        let filters = memory.manager.filterManager
        let old = try filters.register(tracer("old", at: "50", Trace(), features: []))
        let new = try filters.register(tracer("new", at: "60", Trace(), [.read, .create]))

        let threads = (0..<4).map { number in
            OwnThread {
                var random = Seeded(state: UInt64(number) + 1)
                for round in 0..<400 {
                    let name = names[Int(random.next() % 3)]
                    let file = try memory.volume.open(FilePath(name), options: .nonCached)
                    _ = try file.bypassIO(.enable)
                    let operation = BypassIOOperation(rawValue: UInt32(random.next() % 8) + 1)
                    _ = try file.bypassIO(operation)
                    let offset = random.next() % 8192
                    let bytes = try file.read(at: offset, length: 100)
                    #expect(bytes == Array(content[Int(offset)..<min(8192, Int(offset) + 100)]))
                    if round % 3 != 0 { file.close() }
                }
            }
        }
        let attacher = OwnThread {
            for round in 0..<100 {
                let instance = try filters.attach(
                    round % 2 == 0 ? old : new, to: memory.volume)
                try filters.detach(instance)
                driver.veto =
                    round % 4 == 0 ? StorageVeto(.notSupportedWithSnapshot, reason: "Now.") : nil
            }
            driver.veto = nil
        }
        for thread in threads { try thread.result() }
        try attacher.result()
        #expect(memory.volume.activeBypassCount == 0)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
        #expect(memory.disk.openHandles == 0)
        #expect(driver.controls.last { $0 != .query } == .disable)
        let enables = memory.disk.controls.count { $0 == .enable }
        #expect(enables <= memory.disk.controls.count { $0 == .disable })
        let root = try memory.volume.open("")
        _ = try root.bypassIO(.volumeStackResume)
        let file = try memory.volume.open("one", options: .nonCached)
        #expect(try file.bypassIO(.enable).results == BypassIOResults())
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.fullBypass: 1])
    }
}
