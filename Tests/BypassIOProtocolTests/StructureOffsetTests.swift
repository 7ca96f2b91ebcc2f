import BypassIOProtocol
import Testing

@Suite("Every field lies where the Windows headers put it")
struct StructureOffsetTests {
    @Test("spec 1.2: FS_BPIO_INPUT")
    func input() throws {
        let baseline = FSBypassIOInput(operation: BypassIOOperation(rawValue: 0))
        #expect(FSBypassIOInput.size == 24)
        #expect(try baseline.encodedBytes() == [UInt8](repeating: 0, count: 24))
        var value = baseline
        value.operation = BypassIOOperation(rawValue: 0xA1B2_C3D4)
        try expectField(value, over: baseline, has: [0xD4, 0xC3, 0xB2, 0xA1], at: 0)
        value = baseline
        value.flags = BypassIOInputFlags(rawValue: 0x0102_0304)
        try expectField(value, over: baseline, has: [4, 3, 2, 1], at: 4)
        value = baseline
        value.reserved1 = 0x0102_0304_0506_0708
        try expectField(value, over: baseline, has: [8, 7, 6, 5, 4, 3, 2, 1], at: 8)
        value = baseline
        value.reserved2 = 0x1112_1314_1516_1718
        let expected: [UInt8] = [0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11]
        try expectField(value, over: baseline, has: expected, at: 16)
    }

    @Test("spec 1.2: FS_BPIO_RESULTS")
    func results() throws {
        let baseline = BypassIOResults()
        #expect(BypassIOResults.size == 328)
        #expect(try baseline.encodedBytes() == [UInt8](repeating: 0, count: 328))
        var value = baseline
        value.status = .bypassIOFilterNotSupported
        try expectField(value, over: baseline, has: [0xD2, 0x04, 0x00, 0xC0], at: 0)
        value = baseline
        value.driverName = "wof.sys"
        try expectField(value, over: baseline, has: [7, 0] + littleEndian("wof.sys"), at: 4)
        value = baseline
        value.failureReason = "why"
        try expectField(value, over: baseline, has: [3, 0] + littleEndian("why"), at: 70)
    }

    @Test("spec 1.2: the arrays of FS_BPIO_RESULTS reach to 70 and to 328")
    func resultsArrayEnds() throws {
        let name = String(repeating: "n", count: 32)
        let reason = String(repeating: "r", count: 128)
        let value = BypassIOResults(
            driverName: DriverName(name), failureReason: FailureReason(reason))
        let bytes = try value.encodedBytes()
        #expect(Array(bytes[4..<6]) == [32, 0])
        #expect(Array(bytes[6..<70]) == littleEndian(name))
        #expect(Array(bytes[70..<72]) == [128, 0])
        #expect(Array(bytes[72..<328]) == littleEndian(reason))
    }

    @Test("spec 1.2: FS_BPIO_INFO, its two padding bytes zero")
    func info() throws {
        let baseline = BypassIOInfo()
        #expect(BypassIOInfo.size == 72)
        #expect(try baseline.encodedBytes() == [UInt8](repeating: 0, count: 72))
        var value = baseline
        value.activeBypassIOCount = 0x0A0B_0C0D
        try expectField(value, over: baseline, has: [0x0D, 0x0C, 0x0B, 0x0A], at: 0)
        value = baseline
        value.storageDriverName = "stornvme.sys"
        let expected = [12, 0] + littleEndian("stornvme.sys")
        try expectField(value, over: baseline, has: expected, at: 4)
        value.storageDriverName = DriverName(String(repeating: "s", count: 40))
        let bytes = try value.encodedBytes()
        #expect(Array(bytes[68..<72]) == littleEndian("s") + [0, 0])
    }

    @Test("spec 1.2: the header of FS_BPIO_OUTPUT")
    func outputHeader() throws {
        let baseline = FSBypassIOOutput(operation: .disable)
        #expect(FSBypassIOOutput.size == 352)
        #expect(FSBypassIOOutput.headerSize == 24)
        var value = baseline
        value.operation = .streamPause
        try expectField(value, over: baseline, has: [6, 0, 0, 0], at: 0)
        value = baseline
        value.flags = BypassIOOutputFlags(rawValue: 0x8000_000C)
        try expectField(value, over: baseline, has: [0x0C, 0, 0, 0x80], at: 4)
        value = baseline
        value.reserved1 = 0x0102_0304_0506_0708
        try expectField(value, over: baseline, has: [8, 7, 6, 5, 4, 3, 2, 1], at: 8)
        value = baseline
        value.reserved2 = 0x0102_0304_0506_0708
        try expectField(value, over: baseline, has: [8, 7, 6, 5, 4, 3, 2, 1], at: 16)
    }

    @Test(
        "spec 1.2: a client finds the results at 24, 28, 30, 94 and 96",
        arguments: [
            BypassIOOperation.enable, .query, .volumeStackResume, .streamResume,
        ])
    func outputResults(operation: BypassIOOperation) throws {
        let baseline = FSBypassIOOutput(operation: operation, body: .results(BypassIOResults()))
        var results = BypassIOResults(status: .notSupportedWithEncryption)
        var value = FSBypassIOOutput(operation: operation, body: .results(results))
        try expectField(value, over: baseline, has: [0xC9, 0x04, 0x00, 0xC0], at: 24)
        results = BypassIOResults(driverName: "fvevol.sys")
        value.body = .results(results)
        try expectField(value, over: baseline, has: [10, 0] + littleEndian("fvevol.sys"), at: 28)
        results = BypassIOResults(driverName: "", failureReason: "locked")
        value.body = .results(results)
        try expectField(value, over: baseline, has: [6, 0] + littleEndian("locked"), at: 94)
        #expect(value.results == results)
        #expect(value.info == nil)
    }

    @Test("spec 1.2: a client finds the information at 24, 28 and 30")
    func outputInfo() throws {
        let baseline = FSBypassIOOutput(operation: .getInfo, body: .info(BypassIOInfo()))
        var value = baseline
        value.body = .info(BypassIOInfo(activeBypassIOCount: 258))
        try expectField(value, over: baseline, has: [2, 1, 0, 0], at: 24)
        value.body = .info(BypassIOInfo(storageDriverName: "nvme"))
        try expectField(value, over: baseline, has: [4, 0] + littleEndian("nvme"), at: 28)
        #expect(value.results == nil)
        #expect(value.info?.storageDriverName.string == "nvme")
    }

    @Test("spec 1.4: BPIO_INPUT")
    func storageInput() throws {
        let baseline = StorageBypassIOInput(
            version: 0, byteSize: 0, operation: StorageBypassIOOperation(rawValue: 0))
        #expect(StorageBypassIOInput.size == 24)
        #expect(try baseline.encodedBytes() == [UInt8](repeating: 0, count: 24))
        var value = baseline
        value.version = 24
        try expectField(value, over: baseline, has: [24, 0, 0, 0], at: 0)
        value = baseline
        value.byteSize = 0x1020
        try expectField(value, over: baseline, has: [0x20, 0x10, 0, 0], at: 4)
        value = baseline
        value.operation = .query
        try expectField(value, over: baseline, has: [3, 0, 0, 0], at: 8)
        value = baseline
        value.flags = StorageBypassIOInputFlags(rawValue: 0xF000_0001)
        try expectField(value, over: baseline, has: [1, 0, 0, 0xF0], at: 12)
        value = baseline
        value.reserved2 = 0x0102_0304_0506_0708
        try expectField(value, over: baseline, has: [8, 7, 6, 5, 4, 3, 2, 1], at: 16)
    }

    @Test("spec 1.4: BPIO_OUTPUT, which has no Reserved1")
    func storageOutput() throws {
        let baseline = StorageBypassIOOutput(operation: .enable, results: BypassIOResults())
        #expect(StorageBypassIOOutput.size == 352)
        let bytes = try baseline.encodedBytes()
        #expect(Array(bytes[0..<12]) == [0x60, 1, 0, 0, 0x60, 1, 0, 0, 1, 0, 0, 0])
        var value = baseline
        value.version = 0x0102_0304
        try expectField(value, over: baseline, has: [4, 3, 2, 1], at: 0)
        value = baseline
        value.byteSize = 0x0102_0304
        try expectField(value, over: baseline, has: [4, 3, 2, 1], at: 4)
        value = baseline
        value.operation = .query
        try expectField(value, over: baseline, has: [3, 0, 0, 0], at: 8)
        value = baseline
        value.flags = StorageBypassIOOutputFlags(rawValue: 5)
        try expectField(value, over: baseline, has: [5, 0, 0, 0], at: 12)
        value = baseline
        value.reserved2 = 0x0102_0304_0506_0708
        try expectField(value, over: baseline, has: [8, 7, 6, 5, 4, 3, 2, 1], at: 16)
        value = baseline
        value.results = BypassIOResults(status: .accessDenied)
        try expectField(value, over: baseline, has: [0x22, 0, 0, 0xC0], at: 24)
        value.results = BypassIOResults(driverName: "a.sys")
        try expectField(value, over: baseline, has: [5, 0] + littleEndian("a.sys"), at: 28)
        value.results = BypassIOResults(driverName: "", failureReason: "b")
        try expectField(value, over: baseline, has: [1, 0] + littleEndian("b"), at: 94)
    }
}
