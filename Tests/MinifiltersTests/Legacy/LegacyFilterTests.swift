import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import Testing

@Suite struct LegacyFilterTests {
    private let memory = MemoryVolume()
    private let legacy = LegacyFilter()

    init() throws {
        try memory.make("data", [UInt8](repeating: 7, count: 64))
    }

    @Test("spec 4.3: it refuses every file, without being asked, and sees what it cannot miss")
    func refuses() throws {
        let instance = try memory.attach(legacy)
        #expect(!instance.filter.isOptedIn && instance.filter.features.isEmpty)
        #expect(LoadOrderGroup.copyProtection.altitudes.contains(65_000))
        let file = try memory.open("data")
        defer { file.close() }
        for operation in [BypassIOOperation.enable, .query] {
            let verdict = try file.verdict(operation)
            #expect(verdict.status == .bypassIOFilterNotSupported)
            #expect(verdict.driverName.string == "legacy")
        }
        #expect(try file.routeOfRead() == .traditional)
        #expect(legacy.requestsSeen.reads == 1 && legacy.requestsSeen.opens == 1)
    }

    @Test("handles that had bypass lose it while the filter is there, and have it again after")
    func comesAndGoes() throws {
        let file = try memory.openBypassed("data")
        defer { file.close() }
        #expect(try file.routeOfRead() == .fullBypass)
        let instance = try memory.attach(legacy)
        #expect(try file.routeOfRead() != .fullBypass)
        #expect(legacy.requestsSeen.reads == 1)
        try memory.manager.filterManager.detach(instance)
        #expect(try file.routeOfRead() == .fullBypass)
        #expect(legacy.requestsSeen.reads == 1)
    }
}
