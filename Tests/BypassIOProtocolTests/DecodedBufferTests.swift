import BypassIOProtocol
import Testing

@Suite("A buffer taken apart")
struct DecodedBufferTests {
    private func problems(_ bytes: [UInt8], as kind: DecodedBuffer.Kind? = nil) -> [String] {
        DecodedBuffer(bytes, as: kind).problems.map(\.description)
    }

    private func vetoed(
        _ operation: BypassIOOperation = .enable, status: NTStatus = .bypassIOFilterNotSupported,
        flags: BypassIOOutputFlags = []
    ) throws -> [UInt8] {
        try FSBypassIOOutput(
            operation: operation, flags: flags,
            body: .results(
                BypassIOResults(
                    status: status, driverName: "wof.sys", failureReason: "Not opted in."))
        ).encodedBytes()
    }

    @Test("spec 1.2: the fields of an input, in order, with their Windows names")
    func input() throws {
        let bytes = try FSBypassIOInput(operation: .query, flags: .skipStorageStackQuery)
            .encodedBytes()
        let decoded = DecodedBuffer(bytes)
        #expect(decoded.kind == .input)
        #expect(decoded.problems.isEmpty)
        #expect(decoded.ambiguity == nil)
        #expect(decoded.fields.map(\.name) == ["Operation", "InFlags", "Reserved1", "Reserved2"])
        #expect(decoded.fields.map(\.offset) == [0, 4, 8, 16])
        #expect(decoded.fields.map(\.size) == [4, 4, 8, 8])
        #expect(decoded.fields[0].value == "3")
        #expect(decoded.fields[0].note == "FS_BPIO_OP_QUERY")
        #expect(decoded.fields[1].note == "FSBPIO_INFL_SKIP_STORAGE_STACK_QUERY")
    }

    @Test("spec 1.2: the fields of a veto, absolute offsets as a client reads them")
    func output() throws {
        let decoded = DecodedBuffer(try vetoed(flags: .compatibleStorageDriver))
        #expect(decoded.kind == .output)
        #expect(decoded.problems.isEmpty)
        let results = decoded.fields.dropFirst(4)
        #expect(
            results.map(\.name) == [
                "Enable.OpStatus", "Enable.FailingDriverNameLen", "Enable.FailingDriverName",
                "Enable.FailureReasonLen", "Enable.FailureReason",
            ])
        #expect(results.map(\.offset) == [24, 28, 30, 94, 96])
        #expect(results.map(\.size) == [4, 2, 64, 2, 256])
        #expect(results.map(\.value) == ["0xC00004D2", "7", "wof.sys", "13", "Not opted in."])
        #expect(
            results.first?.note == "STATUS_BYPASSIO_FLT_NOT_SUPPORTED, Win32 506: "
                + "At least one minifilter does not support bypass IO")
    }

    @Test("spec 1.3: 96 bytes are the answer to GET_INFO")
    func info() throws {
        var bytes = try FSBypassIOOutput(
            operation: .getInfo,
            body: .info(BypassIOInfo(activeBypassIOCount: 2, storageDriverName: "nvme"))
        ).encodedBytes()
        let decoded = DecodedBuffer(bytes)
        #expect(decoded.problems.isEmpty)
        #expect(decoded.fields.map(\.offset) == [0, 4, 8, 16, 24, 28, 30, 94])
        #expect(decoded.fields[4].name == "GetInfo.ActiveBypassIoCount")
        bytes[95] = 1
        #expect(problems(bytes) == ["GetInfo.padding at offset 94: padding is not zero"])
    }

    @Test("spec 1.4: 24 bytes that begin with their own size are BPIO_INPUT")
    func storage() throws {
        let input = try StorageBypassIOInput(operation: .enable).encodedBytes()
        #expect(DecodedBuffer(input).kind == .storageInput)
        #expect(DecodedBuffer(input).problems.isEmpty)
        #expect(DecodedBuffer(input).fields.map(\.offset) == [0, 4, 8, 12, 16])
        #expect(
            problems(input, as: .input) == [
                "Operation at offset 0: unknown operation 24",
                "InFlags at offset 4: unknown flags 0x00000018",
                "Reserved1 at offset 8: a reserved field is not zero",
            ])
        let output = try StorageBypassIOOutput(
            operation: .query, results: BypassIOResults(status: .notSupportedWithEncryption)
        ).encodedBytes()
        #expect(DecodedBuffer(output).kind == .storageOutput)
        #expect(DecodedBuffer(output).problems.isEmpty)
        let faulty: [UInt8] =
            littleEndian(UInt32(23)) + littleEndian(UInt32(1)) + littleEndian(UInt32(4))
            + littleEndian(UInt32(2)) + littleEndian(UInt64(5))
        #expect(
            problems(faulty, as: .storageInput) == [
                "Version at offset 0: 23 is not the size of BPIO_INPUT, 24",
                "Size at offset 4: 1 is below the header's 24",
                "Operation at offset 8: unknown operation 4",
                "InFlags at offset 12: unknown flags 0x00000002",
                "Reserved2 at offset 16: a reserved field is not zero",
            ])
    }

    @Test("24 bytes of an operation without a result can be input or output, and it is said")
    func ambiguous() throws {
        let bytes = try FSBypassIOInput(operation: .disable).encodedBytes()
        #expect(DecodedBuffer(bytes).kind == .input)
        #expect(
            DecodedBuffer(bytes).ambiguity
                == "FS_BPIO_OUTPUT of FS_BPIO_OP_DISABLE has the same layout")
        #expect(DecodedBuffer(bytes, as: .output).problems.isEmpty)
        let paused = try FSBypassIOOutput(operation: .streamPause, flags: .streamBypassPaused)
            .encodedBytes()
        #expect(DecodedBuffer(paused).kind == .output)
    }

    @Test("Each fault of an input is named with its field and offset")
    func inputProblems() throws {
        let bytes = try FSBypassIOInput(
            operation: BypassIOOperation(rawValue: 9), flags: BypassIOInputFlags(rawValue: 0x11),
            reserved1: 1, reserved2: 2
        ).encodedBytes()
        #expect(
            problems(bytes) == [
                "Operation at offset 0: unknown operation 9",
                "InFlags at offset 4: unknown flags 0x00000010",
                "Reserved1 at offset 8: a reserved field is not zero",
                "Reserved2 at offset 16: a reserved field is not zero",
            ])
        #expect(
            problems(bytes + [0, 0], as: .input).last
                == "length at offset 24: 2 bytes follow the FS_BPIO_INPUT")
    }

    @Test("Each fault of a result is named with its field and offset")
    func resultProblems() throws {
        var bytes = try vetoed()
        bytes[28] = 33
        bytes[94] = 200
        bytes.replaceSubrange(40..<44, with: [0x3D, 0xD8, 0x61, 0])
        let found = problems(bytes)
        #expect(
            found.contains(
                "Enable.FailingDriverNameLen at offset 28: a length of 33 characters exceeds the "
                    + "capacity of 32"))
        #expect(found.contains("Enable.FailingDriverName at offset 40: an unpaired surrogate"))
        #expect(
            found.contains(
                "Enable.FailureReasonLen at offset 94: a length of 200 characters exceeds the "
                    + "capacity of 128"))
        bytes = try vetoed()
        bytes[28] = 14
        #expect(
            problems(bytes) == [
                "Enable.FailingDriverName at offset 44: a NUL inside the 14 characters: the "
                    + "length may count bytes"
            ])
    }

    @Test("A status that is no error does not go with a failing driver or a reason")
    func statusWithoutError() throws {
        #expect(
            problems(try vetoed(.query, status: .success)) == [
                "Query.OpStatus at offset 24: no error, but a failing driver is named",
                "Query.OpStatus at offset 24: no error, but a reason for failure is given",
            ])
    }

    @Test("spec 6.6: COMPATIBLE_STORAGE_DRIVER is for ENABLE, QUERY and GET_INFO only")
    func compatibleFlag() throws {
        let bytes = try vetoed(.streamResume, flags: .compatibleStorageDriver)
        #expect(
            problems(bytes) == [
                "OutFlags at offset 4: FSBPIO_OUTFL_COMPATIBLE_STORAGE_DRIVER is not defined for "
                    + "FS_BPIO_OP_STREAM_RESUME"
            ])
    }

    @Test("A truncated buffer gives the fields it has and names the first it lacks")
    func truncated() throws {
        let bytes = try vetoed()
        let decoded = DecodedBuffer(Array(bytes[..<100]))
        #expect(decoded.kind == .output)
        #expect(decoded.fields.last?.name == "Enable.FailureReasonLen")
        #expect(
            decoded.problems.map(\.description) == [
                "Enable.FailureReason at offset 96: needs 256 bytes, the buffer ends at 100"
            ])
        let tiny = DecodedBuffer([1, 2, 3])
        #expect(tiny.kind == nil)
        #expect(tiny.fields.isEmpty)
        #expect(tiny.problems.count == 1)
        #expect(
            problems(bytes + [9]).last
                == "length at offset 352: 1 bytes follow the FS_BPIO_OUTPUT")
    }

    @Test("A full-size buffer for a short reply shows the rest as not part of it")
    func unused() throws {
        let bytes =
            try FSBypassIOOutput(operation: .disable).encodedBytes()
            + [UInt8](repeating: 0xAA, count: 328)
        let decoded = DecodedBuffer(bytes)
        #expect(decoded.problems.isEmpty)
        #expect(decoded.fields.last?.offset == 24)
        #expect(decoded.fields.last?.size == 328)
        #expect(decoded.fields.last?.note == "not part of this reply")
    }
}
