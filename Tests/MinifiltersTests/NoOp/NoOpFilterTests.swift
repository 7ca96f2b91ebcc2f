import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import Testing

@Suite struct NoOpFilterTests {
    private let memory = MemoryVolume()

    init() throws {
        try memory.make("data", [1, 2, 3, 4])
    }

    @Test func severalAreCalledForEachReadAndLeaveItAlone() throws {
        let instances = try (UInt(0)..<3).map { index in
            try memory.attach(
                NoOpFilter(altitude: Altitude(integer: 160_100 + index)).registration)
        }
        #expect(Set(instances.map(\.filter.name)).count == 3)
        let file = try memory.open("data")
        defer { file.close() }
        let before = instances.map(\.callbacksRun)
        #expect(try file.read(at: 0, length: 4) == [1, 2, 3, 4])
        for (instance, old) in zip(instances, before) {
            #expect(instance.callbacksRun.pre == old.pre + 1)
            #expect(instance.callbacksRun.post == old.post + 1)
        }
    }

    @Test func itIsInNobodysWay() {
        let registration = NoOpFilter().registration
        #expect(registration.name == "noop")
        #expect(registration.supportedFeatures.contains(.bypassIO))
        #expect(registration.kernelReads == .unwatched)
    }
}
