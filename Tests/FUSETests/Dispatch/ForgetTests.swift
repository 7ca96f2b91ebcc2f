import Testing

@testable import FUSE

@Suite("Forgetting")
struct ForgetTests {
    @Test("FORGET carries a node and a count")
    func one() throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        let message = RequestMessage(.forget, node: 8).u64(1 << 35)
        #expect(served.replies(to: message).isEmpty)
        #expect(service.takeLog() == ["forget 8 \(1 << 35)"])
    }

    @Test("BATCH_FORGET carries pairs")
    func batch() throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        let message = RequestMessage(.batchForget).u32(3).u32(0).u64(2).u64(1).u64(3).u64(7).u64(4)
            .u64(1)
        #expect(served.replies(to: message).isEmpty)
        #expect(service.takeLog() == ["forget 2 1", "forget 3 7", "forget 4 1"])
    }

    @Test(
        "a count larger than the message ends with the message", arguments: [3, .max] as [UInt32])
    func hugeCount(_ count: UInt32) throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        let message = RequestMessage(.batchForget).u32(count).u32(0).u64(2).u64(1).u64(3).u64(7)
            .u64(4)
        #expect(served.replies(to: message).isEmpty)
        #expect(service.takeLog() == ["forget 2 1", "forget 3 7"])
    }

    @Test("INTERRUPT names the request")
    func interrupt() throws {
        let service = ScriptedFileSystem()
        let served = try ServedConnection.agreed(service)
        #expect(served.replies(to: RequestMessage(.interrupt).u64(1234)).isEmpty)
        #expect(service.takeLog() == ["interrupt 1234"])
    }
}
