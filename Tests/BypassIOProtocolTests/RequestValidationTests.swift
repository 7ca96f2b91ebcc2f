import BypassIOProtocol
import Testing

@Suite("spec 6.3: argument checks")
struct RequestValidationTests {
    private func status(
        code: ControlCode = .manageBypassIO, _ input: [UInt8], outputLength: Int
    ) -> NTStatus {
        do throws(NTStatus) {
            _ = try FSBypassIOInput.validated(
                controlCode: code, input: input.span, outputLength: outputLength)
            return .success
        } catch {
            return error
        }
    }

    private func bytes(
        _ operation: UInt32 = 1, flags: UInt32 = 0, reserved1: UInt64 = 0, reserved2: UInt64 = 0
    ) -> [UInt8] {
        littleEndian(operation) + littleEndian(flags) + littleEndian(reserved1)
            + littleEndian(reserved2)
    }

    @Test("spec 6.3: a request with every fault gets the status of the first check that fails")
    func order() {
        let faulty = bytes(0, flags: 2, reserved1: 1, reserved2: 1)
        let other = ControlCode.storageManageBypassIO
        #expect(status(code: other, [], outputLength: 0) == .invalidDeviceRequest)
        #expect(status(code: other, faulty, outputLength: 0) == .invalidDeviceRequest)
        #expect(status(code: other, bytes(), outputLength: 352) == .invalidDeviceRequest)
        #expect(status(Array(faulty[..<23]), outputLength: 0) == .invalidBufferSize)
        #expect(status([], outputLength: 352) == .invalidBufferSize)
        #expect(status(faulty, outputLength: 0) == .invalidParameter)
        #expect(status(bytes(), outputLength: 0) == .bufferTooSmall)
    }

    @Test("spec 6.3: each fault of the parameters alone is STATUS_INVALID_PARAMETER")
    func parameters() {
        for operation in [UInt32(0), 9, 10, 0x8000_0001, .max] {
            #expect(status(bytes(operation), outputLength: 352) == .invalidParameter)
        }
        for bit in 1..<32 {
            #expect(status(bytes(flags: 1 << bit), outputLength: 352) == .invalidParameter)
        }
        for bit in 0..<64 {
            #expect(status(bytes(reserved1: 1 << bit), outputLength: 352) == .invalidParameter)
            #expect(status(bytes(reserved2: 1 << bit), outputLength: 352) == .invalidParameter)
        }
        // The parameter check comes before the check of the output's size.
        #expect(status(bytes(flags: 2), outputLength: 0) == .invalidParameter)
    }

    @Test("spec 6.3: the output needs the operation's minimum", arguments: BypassIOOperation.all)
    func outputLength(operation: BypassIOOperation) throws {
        let minimum = try #require(operation.minimumOutputSize)
        let input = bytes(operation.rawValue)
        for length in [0, 23, minimum - 1, -1] {
            #expect(status(input, outputLength: length) == .bufferTooSmall)
        }
        for length in [minimum, minimum + 1, 488, .max] {
            #expect(status(input, outputLength: length) == .success)
        }
    }

    @Test("spec 6.3: longer input is accepted and what follows is not looked at")
    func longerInput() throws {
        let long = bytes(3, flags: 1) + [UInt8](repeating: 0xFF, count: 464)
        let input = try FSBypassIOInput.validated(
            controlCode: .manageBypassIO, input: long.span, outputLength: 488)
        #expect(input == FSBypassIOInput(operation: .query, flags: .skipStorageStackQuery))
    }

    @Test("spec 6.3: every shorter input is STATUS_INVALID_BUFFER_SIZE", arguments: 0..<24)
    func shorterInput(length: Int) {
        let input = Array(bytes()[..<length])
        #expect(status(input, outputLength: 352) == .invalidBufferSize)
    }

    @Test("The form that takes a raw span checks the same")
    func rawSpan() throws {
        let good = bytes(2)
        // The standard library marks the raw view of any span unsafe; a view of bytes is harmless.
        let input = try unsafe FSBypassIOInput.validated(
            controlCode: .manageBypassIO, input: good.span.bytes, outputLength: 24)
        #expect(input == FSBypassIOInput(operation: .disable))
        #expect(throws: NTStatus.bufferTooSmall) {
            try unsafe FSBypassIOInput.validated(
                controlCode: .manageBypassIO, input: good.span.bytes, outputLength: 23)
        }
    }
}
