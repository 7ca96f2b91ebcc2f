import BypassIOProtocol
import Testing

@Suite("Operations and flags")
struct BypassIOOperationTests {
    @Test(
        "spec 1.3 and 1.5: number, name and minimum output of every operation",
        arguments: [
            (BypassIOOperation.enable, 1, "FS_BPIO_OP_ENABLE", 352),
            (.disable, 2, "FS_BPIO_OP_DISABLE", 24),
            (.query, 3, "FS_BPIO_OP_QUERY", 352),
            (.volumeStackPause, 4, "FS_BPIO_OP_VOLUME_STACK_PAUSE", 24),
            (.volumeStackResume, 5, "FS_BPIO_OP_VOLUME_STACK_RESUME", 352),
            (.streamPause, 6, "FS_BPIO_OP_STREAM_PAUSE", 24),
            (.streamResume, 7, "FS_BPIO_OP_STREAM_RESUME", 352),
            (.getInfo, 8, "FS_BPIO_OP_GET_INFO", 96),
        ])
    func known(
        operation: BypassIOOperation, number: UInt32, name: String, minimum: Int
    ) {
        #expect(operation.rawValue == number)
        #expect(operation.windowsName == name)
        #expect(operation.minimumOutputSize == minimum)
        #expect(operation.isKnown)
        #expect(BypassIOOperation.all[Int(number) - 1] == operation)
    }

    @Test("spec 1.5: 0 and everything from 9 on is no operation", arguments: [0, 9, 10, .max])
    func unknown(number: UInt32) {
        let operation = BypassIOOperation(rawValue: number)
        #expect(operation.rawValue == number)
        #expect(!operation.isKnown)
        #expect(operation.windowsName == nil)
        #expect(operation.minimumOutputSize == nil)
        #expect(BypassIOOperation.all.count == 8)
    }

    @Test("spec 1.3 and 1.5: storage operations")
    func storage() {
        let numbers = StorageBypassIOOperation.all.map(\.rawValue)
        #expect(numbers == [1, 2, 3])
        #expect(StorageBypassIOOperation.all.map(\.minimumOutputSize) == [352, 24, 352])
        #expect(
            StorageBypassIOOperation.all.map(\.windowsName)
                == ["BPIO_OP_ENABLE", "BPIO_OP_DISABLE", "BPIO_OP_QUERY"])
        for number in [UInt32(0), 4, .max] {
            let operation = StorageBypassIOOperation(rawValue: number)
            #expect(!operation.isKnown)
            #expect(operation.minimumOutputSize == nil)
        }
    }

    @Test("spec 1.5: flag bits")
    func flags() {
        #expect(BypassIOInputFlags.skipStorageStackQuery.rawValue == 1)
        #expect(BypassIOInputFlags.known.rawValue == 1)
        #expect(BypassIOOutputFlags.volumeStackBypassPaused.rawValue == 1)
        #expect(BypassIOOutputFlags.streamBypassPaused.rawValue == 2)
        #expect(BypassIOOutputFlags.filterAttachBlocked.rawValue == 4)
        #expect(BypassIOOutputFlags.compatibleStorageDriver.rawValue == 8)
        #expect(BypassIOOutputFlags.known.rawValue == 15)
        #expect(BypassIOOutputFlags(rawValue: 0x1F).unknown.rawValue == 0x10)
        #expect(BypassIOInputFlags(rawValue: 0x83).unknown.rawValue == 0x82)
        #expect(
            BypassIOOutputFlags(rawValue: 0xFF).windowsNames == [
                "FSBPIO_OUTFL_VOLUME_STACK_BYPASS_PAUSED", "FSBPIO_OUTFL_STREAM_BYPASS_PAUSED",
                "FSBPIO_OUTFL_FILTER_ATTACH_BLOCKED", "FSBPIO_OUTFL_COMPATIBLE_STORAGE_DRIVER",
            ])
        #expect(
            BypassIOInputFlags(rawValue: 3).windowsNames
                == ["FSBPIO_INFL_SKIP_STORAGE_STACK_QUERY"])
        #expect(BypassIOInputFlags().windowsNames.isEmpty)
    }
}
