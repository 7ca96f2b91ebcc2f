import IOStack
import MemoryFileSystem
import Testing

/// FsRtlGetSupportedFeatures: the feature bits that every attached filter has.
@Suite struct SupportedFeaturesTests {
    @Test("the AND over all attached filters; all bits without one")
    func aggregate() throws {
        let memory = MemoryVolume()
        let manager = memory.manager.filterManager
        #expect(memory.volume.supportedFeatures == .all)
        var full = filter("full", at: "300")
        full.supportedFeatures = .all
        try memory.attach(full)
        #expect(memory.volume.supportedFeatures.rawValue == 0xF)
        // A filter that filters no data shows only the bit of BypassIO.
        var trigger = filter("trigger", at: "200")
        trigger.supportedFeatures = []
        let second = try memory.attach(trigger)
        #expect(memory.volume.supportedFeatures == .bypassIO)
        let old = try memory.attach(tracer("old", at: "100", Trace(), features: [.queryOpen]))
        #expect(memory.volume.supportedFeatures == [])
        try manager.detach(second)
        #expect(memory.volume.supportedFeatures == .queryOpen)
        try manager.detach(old)
        #expect(memory.volume.supportedFeatures == .all)
    }
}
