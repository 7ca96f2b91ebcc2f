import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import Testing

@Suite struct AccessHeatTests {
    private let memory = MemoryVolume()
    private let heat = AccessHeat()
    private let instance: FilterInstance

    init() throws {
        instance = try memory.attach(heat.registration)
        try memory.make("data", [1, 2, 3, 4])
    }

    private func map(of file: FileObject) -> HeatMap? {
        AccessHeat.heatMap(of: file.stream, by: instance)
    }

    @Test func aReadCountsInTheRegionItBeginsIn() throws {
        let file = try memory.open("data")
        defer { file.close() }
        let size = HeatMap.regionSize
        for offset in [0, size - 1, size, size, 255 * size] {
            _ = try file.read(at: offset, length: 2)
        }
        let map = try #require(self.map(of: file))
        #expect(map.reads(inRegion: 0) == 2)
        #expect(map.reads(inRegion: 1) == 2)
        #expect(map.reads(inRegion: 2) == 0)
        #expect(map.reads(inRegion: 255) == 1)
        #expect(map.total == 5)
        #expect(heat.readsSeen == 5)
    }

    @Test func readsFarOutCountInTheLastRegion() throws {
        let file = try memory.open("data")
        defer { file.close() }
        let size = HeatMap.regionSize
        for offset in [256 * size, UInt64(Int64.max)] { _ = try file.read(at: offset, length: 1) }
        let map = try #require(self.map(of: file))
        #expect(map.reads(inRegion: 255) == 2)
        #expect(map.reads(inRegion: -1) == 0)
        #expect(map.reads(inRegion: 256) == 0)
    }

    @Test func aFileNobodyReadHasNoMap() throws {
        let file = try memory.open("data")
        defer { file.close() }
        #expect(map(of: file) == nil)
    }

    @Test func handlesOfOneFileCountInOneMapAndFilesApart() throws {
        try memory.make("other", [1])
        let files = [
            try memory.open("data"), try memory.open("data"), try memory.open("other"),
        ]
        defer { for file in files { file.close() } }
        for file in files { _ = try file.read(at: 0, length: 1) }
        #expect(map(of: files[0])?.total == 2)
        #expect(map(of: files[1])?.total == 2)
        #expect(map(of: files[2])?.total == 1)
    }

    @Test func firstReadsThatComeAtOnceCountInOneMap() throws {
        for round in 0..<60 {
            let memory = self.memory
            let name = FilePath("fresh\(round)")
            try memory.make(name, [1, 2, 3])
            let file = try memory.open(name)
            defer { file.close() }
            let readers = (0..<6).map { reader in
                BackgroundCall {
                    (try? file.read(at: UInt64(reader) * HeatMap.regionSize, length: 1)) != nil
                }
            }
            #expect(readers.allSatisfy { $0.wait() == true })
            let map = try #require(self.map(of: file))
            #expect(map.total == 6)
            #expect((0..<6).allSatisfy { map.reads(inRegion: $0) == 1 })
        }
        #expect(heat.readsSeen == 360)
    }

    @Test("spec 4.1: a bypassed read is not counted, that of a paused stream is")
    func bypassedReadsAreNotCounted() throws {
        let file = try memory.openBypassed("data")
        defer { file.close() }
        #expect(try file.routeOfRead() == .fullBypass)
        #expect(map(of: file) == nil)
        #expect(heat.readsSeen == 0)
        _ = try file.bypassIO(.streamPause)
        #expect(try file.routeOfRead() == .storageBypass)
        #expect(map(of: file)?.total == 1)
    }

    @Test func theMapGoesWithTheInstance() throws {
        let file = try memory.open("data")
        defer { file.close() }
        _ = try file.read(at: 0, length: 1)
        weak let old = map(of: file)
        #expect(old != nil)
        try memory.manager.filterManager.detach(instance)
        #expect(old == nil)
    }
}
