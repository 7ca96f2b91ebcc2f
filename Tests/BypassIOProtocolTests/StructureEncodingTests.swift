import BypassIOProtocol
import Testing

@Suite("Encoding writes its size and nothing else; decoding keeps what it does not know")
struct StructureEncodingTests {
    /// A value of every structure, in every length that the structure can have.
    static let values: [(value: any WireStructure, size: Int)] = [
        (FSBypassIOInput(operation: .enable, flags: .skipStorageStackQuery), 24),
        (BypassIOResults(status: .accessDenied, driverName: "d", failureReason: "r"), 328),
        (BypassIOInfo(activeBypassIOCount: 3, storageDriverName: "s"), 72),
        (StorageBypassIOInput(operation: .enable), 24),
        (StorageBypassIOOutput(operation: .disable), 24),
        (StorageBypassIOOutput(operation: .query, results: BypassIOResults()), 352),
        (FSBypassIOOutput(operation: .enable, body: .results(BypassIOResults())), 352),
        (FSBypassIOOutput(operation: .disable), 24),
        (FSBypassIOOutput(operation: .query, body: .results(BypassIOResults())), 352),
        (FSBypassIOOutput(operation: .volumeStackPause), 24),
        (FSBypassIOOutput(operation: .volumeStackResume, body: .results(BypassIOResults())), 352),
        (FSBypassIOOutput(operation: .streamPause), 24),
        (FSBypassIOOutput(operation: .streamResume, body: .results(BypassIOResults())), 352),
        (FSBypassIOOutput(operation: .getInfo, body: .info(BypassIOInfo())), 96),
    ]

    @Test("spec 6.4: bytes past the size are left untouched", arguments: values.indices)
    func exactSize(index: Int) throws {
        let (value, size) = Self.values[index]
        try expectExactSize(value, size: size)
    }

    private func expectExactSize<Value: WireStructure>(_ value: Value, size: Int) throws {
        #expect(value.encodedSize == size)
        for filler in [UInt8(0x00), 0xFF] {
            var bytes = [UInt8](repeating: filler, count: 400)
            var span = bytes.mutableSpan
            try value.encode(into: &span)
            #expect(bytes[size...].allSatisfy { $0 == filler })
            #expect(Array(bytes[..<size]) == (try value.encodedBytes()))
            // Decoding ignores the bytes behind the structure and needs all bytes of it.
            #expect(try Value(decoding: bytes.span) == value)
        }
        var exact = [UInt8](repeating: 0xFF, count: size)
        var exactSpan = exact.mutableSpan
        try value.encode(into: &exactSpan)
        #expect(try Value(decoding: exact.span) == value)
        for length in 0..<size {
            let cut = Array(exact[..<length])
            #expect(throws: WireError.self) { try Value(decoding: cut.span) }
        }
    }

    @Test("A buffer one byte short is refused and left as it was", arguments: values.indices)
    func shortBuffer(index: Int) throws {
        let (value, size) = Self.values[index]
        var bytes = [UInt8](repeating: 0xEE, count: size - 1)
        var span = bytes.mutableSpan
        let error = #expect(throws: WireError.self) { try value.encode(into: &span) }
        #expect(error?.fault == .tooShort(available: size - 1, needed: size))
        #expect(bytes.allSatisfy { $0 == 0xEE })
    }

    @Test("Raw spans, as buffers shared with a kernel are, carry the same bytes")
    func rawSpans() throws {
        let value = FSBypassIOOutput(
            operation: .getInfo, body: .info(BypassIOInfo(storageDriverName: "nvme")))
        var bytes = [UInt8](repeating: 0xFF, count: 100)
        var span = bytes.mutableSpan
        // The standard library marks the raw view of any span unsafe; a view of bytes is harmless.
        var raw = unsafe span.mutableBytes
        try value.encode(into: &raw)
        #expect(try unsafe FSBypassIOOutput(decoding: bytes.span.bytes) == value)
        #expect(bytes == (try value.encodedBytes()) + [0xFF, 0xFF, 0xFF, 0xFF])
    }

    @Test("Unknown operations and flags survive a round trip")
    func unknownValuesKept() throws {
        let input = FSBypassIOInput(
            operation: BypassIOOperation(rawValue: 77),
            flags: BypassIOInputFlags(rawValue: 0xFFFF_FFFE), reserved1: 1, reserved2: .max)
        let inputBytes = try input.encodedBytes()
        #expect(try FSBypassIOInput(decoding: inputBytes.span) == input)
        let storage = StorageBypassIOInput(
            version: 9, byteSize: 1, operation: StorageBypassIOOperation(rawValue: 0x8000_0000),
            flags: StorageBypassIOInputFlags(rawValue: 3), reserved2: 4)
        let storageBytes = try storage.encodedBytes()
        #expect(try StorageBypassIOInput(decoding: storageBytes.span) == storage)
        var bytes = try FSBypassIOOutput(operation: .disable, flags: .known).encodedBytes()
        bytes[0] = 200
        let output = try FSBypassIOOutput(decoding: bytes.span)
        #expect(output.operation.rawValue == 200)
        #expect(output.flags == .known)
        #expect(output.body == .none)
    }

    @Test("An output of an unknown operation or with another operation's arm is not written")
    func noEncoding() {
        let unknown = FSBypassIOOutput(operation: BypassIOOperation(rawValue: 9))
        #expect(unknown.encodedSize == nil)
        let wrong = FSBypassIOOutput(operation: .enable, body: .info(BypassIOInfo()))
        let missing = FSBypassIOOutput(operation: .query)
        let superfluous = FSBypassIOOutput(
            operation: .disable, body: .results(BypassIOResults()))
        var bytes = [UInt8](repeating: 0xEE, count: 352)
        for (output, fault) in [
            (unknown, WireError.Fault.unknownOperation(9)),
            (wrong, .wrongArm(operation: 1)), (missing, .wrongArm(operation: 3)),
            (superfluous, .wrongArm(operation: 2)),
        ] {
            var span = bytes.mutableSpan
            let error = #expect(throws: WireError.self) { try output.encode(into: &span) }
            #expect(error?.fault == fault)
            #expect(error?.structure == "FS_BPIO_OUTPUT")
        }
        #expect(bytes.allSatisfy { $0 == 0xEE })
    }

    @Test("A storage output follows the same rule")
    func noStorageEncoding() {
        let unknown = StorageBypassIOOutput(operation: StorageBypassIOOperation(rawValue: 4))
        #expect(unknown.encodedSize == nil)
        let missing = StorageBypassIOOutput(operation: .enable)
        let superfluous = StorageBypassIOOutput(operation: .disable, results: BypassIOResults())
        for output in [unknown, missing, superfluous] {
            #expect(throws: WireError.self) { try output.encodedBytes() }
        }
    }

    @Test("A length over the capacity is an error that names the field and its offset")
    func lengthOverCapacity() throws {
        var bytes = [UInt8](repeating: 0, count: 328)
        bytes[4] = 33
        let driver = #expect(throws: WireError.self) {
            try BypassIOResults(decoding: bytes.span)
        }
        #expect(driver?.field == "FailingDriverNameLen")
        #expect(driver?.offset == 4)
        #expect(driver?.fault == .lengthOverCapacity(length: 33, capacity: 32))
        bytes[4] = 32
        bytes[70] = 129
        let reason = #expect(throws: WireError.self) {
            try BypassIOResults(decoding: bytes.span)
        }
        #expect(reason?.field == "FailureReasonLen")
        #expect(reason?.offset == 70)
        #expect(
            reason?.description == "FS_BPIO_RESULTS.FailureReasonLen at offset 70: "
                + "a length of 129 characters exceeds the capacity of 128")
        let ones = [UInt8](repeating: 0xFF, count: 72)
        let info = #expect(throws: WireError.self) {
            try BypassIOInfo(decoding: ones.span)
        }
        #expect(info?.fault == .lengthOverCapacity(length: 0xFFFF, capacity: 32))
    }
}
