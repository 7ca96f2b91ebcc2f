import BypassIOProtocol
import Testing

@Suite("linux-interface 1: struct bypassio_fsctl taken apart")
struct DecodedRequestTests {
    private func request(
        code: UInt32 = 0x0009_0448, flags: UInt32 = 0, inputLength: UInt32 = 24,
        outputLength: UInt32 = 352, status: NTStatus = .success, information: UInt32 = 0,
        buffer: [UInt8]
    ) -> [UInt8] {
        let header =
            littleEndian(code) + littleEndian(flags) + littleEndian(inputLength)
            + littleEndian(outputLength) + littleEndian(status.rawValue)
            + littleEndian(information)
        return header + buffer + [UInt8](repeating: 0, count: 488 - buffer.count)
    }

    private func problems(_ bytes: [UInt8]) -> [String] {
        DecodedBuffer(bytes).problems.map(\.description)
    }

    @Test("On the way in the buffer is FS_BPIO_INPUT")
    func question() throws {
        let input = try FSBypassIOInput(operation: .enable).encodedBytes()
        let decoded = DecodedBuffer(request(buffer: input))
        #expect(decoded.kind == .request)
        #expect(decoded.problems.isEmpty)
        #expect(
            decoded.fields.map(\.name) == [
                "control_code", "flags", "input_length", "output_length", "status",
                "information", "buffer.Operation", "buffer.InFlags", "buffer.Reserved1",
                "buffer.Reserved2",
            ])
        #expect(decoded.fields.map(\.offset) == [0, 4, 8, 12, 16, 20, 24, 28, 32, 40])
        #expect(decoded.fields[0].note == "FSCTL_MANAGE_BYPASS_IO")
    }

    @Test("On the way out it is FS_BPIO_OUTPUT of the length that information says")
    func reply() throws {
        let output = try FSBypassIOOutput(
            operation: .query, body: .results(BypassIOResults(status: .noBypassIODriverSupport))
        ).encodedBytes()
        let decoded = DecodedBuffer(request(information: 352, buffer: output))
        #expect(decoded.problems.isEmpty)
        #expect(decoded.fields[10].name == "buffer.Query.OpStatus")
        #expect(decoded.fields[10].offset == 48)
        #expect(
            problems(request(information: 96, buffer: output)) == [
                "buffer.Query.FailureReason at offset 120: needs 256 bytes, the buffer ends at "
                    + "120"
            ])
    }

    @Test("Each fault of the header is named")
    func headerProblems() throws {
        let input = try FSBypassIOInput(operation: .enable).encodedBytes()
        #expect(
            problems(request(code: 0x9_02F3, flags: 1, buffer: input)) == [
                "control_code at offset 0: not FSCTL_MANAGE_BYPASS_IO, 0x00090448",
                "flags at offset 4: flags are not zero",
            ])
        #expect(
            problems(request(inputLength: 23, buffer: input)) == [
                "input_length at offset 8: 23 bytes are fewer than FS_BPIO_INPUT's 24"
            ])
        #expect(
            problems(request(outputLength: 351, buffer: input)) == [
                "output_length at offset 12: 351 bytes are fewer than the 352 that "
                    + "FS_BPIO_OP_ENABLE returns"
            ])
        #expect(
            problems(request(information: 489, buffer: input)).first
                == "information at offset 20: 489 bytes exceed the buffer's 488")
    }

    @Test("spec 6.3: lengths may exceed the buffer, what fits counts")
    func longerBuffers() throws {
        let input = try FSBypassIOInput(operation: .enable).encodedBytes()
        let decoded = DecodedBuffer(request(inputLength: 489, outputLength: .max, buffer: input))
        #expect(decoded.problems.isEmpty)
        #expect(decoded.fields[2].note == "bytes, of which 488 count")
        #expect(decoded.fields[3].value == "4294967295")
    }

    @Test("spec 6.4: information goes with success and with room for it")
    func informationProblems() throws {
        let output = try FSBypassIOOutput(operation: .disable).encodedBytes()
        let bytes = request(
            outputLength: 8, status: .bufferTooSmall, information: 24, buffer: output)
        #expect(
            problems(bytes) == [
                "information at offset 20: not zero although the status is "
                    + "STATUS_BUFFER_TOO_SMALL (0xC0000023)",
                "information at offset 20: more bytes written than the caller offered",
            ])
    }

    @Test("spec 1.1: a wrong control code is shown with its four parts")
    func wrongCode() throws {
        let input = try FSBypassIOInput(operation: .enable).encodedBytes()
        let decoded = DecodedBuffer(request(code: 0x9_02F3, buffer: input))
        #expect(
            decoded.fields[0].note == "device type 0x0009, function 188, method 3, access 0")
    }

    @Test("A cut request is recognised by its control code")
    func truncated() throws {
        let input = try FSBypassIOInput(operation: .enable).encodedBytes()
        let decoded = DecodedBuffer(Array(request(buffer: input)[..<60]))
        #expect(decoded.kind == .request)
        #expect(
            decoded.problems.map(\.description) == ["60 bytes, bypassio_fsctl has 512"])
    }
}
