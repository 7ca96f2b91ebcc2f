import BypassIOProtocol
import Testing

@Suite("Arbitrary bytes of every length from 0 to 600")
struct RandomBytesTests {
    /// A fixed sequence, so that a failure happens again.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    private static func bytes(_ count: Int, _ generator: inout Generator) -> [UInt8] {
        var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        // Half the buffers get a start that leads past the first check.
        let starts: [[UInt8]] = [
            [1, 0, 0, 0], [3, 0, 0, 0], [8, 0, 0, 0], [2, 0, 0, 0], [0x48, 4, 9, 0],
            [24, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0], [0x60, 1, 0, 0, 0x60, 1, 0, 0, 3, 0, 0, 0],
        ]
        if Bool.random(using: &generator), let start = starts.randomElement(using: &generator),
            start.count <= count
        {
            bytes.replaceSubrange(0..<start.count, with: start)
        }
        return bytes
    }

    /// Decoding throws or gives a value that encodes to a value that decodes to the same.
    private func survives<Value: WireStructure>(_ type: Value.Type, _ bytes: [UInt8]) -> Bool {
        guard let value = try? Value(decoding: bytes.span) else { return true }
        guard bytes.count >= (value.encodedSize ?? 24) else { return false }
        guard value.encodedSize != nil else { return (try? value.encodedBytes()) == nil }
        guard let encoded = try? value.encodedBytes() else { return false }
        return (try? Value(decoding: encoded.span)) == value
    }

    @Test("Structures never trap and round-trip whatever they accept")
    func structures() {
        var generator = Generator(state: 0x9E37_79B9_7F4A_7C15)
        for count in 0...600 {
            let bytes = Self.bytes(count, &generator)
            #expect(survives(FSBypassIOInput.self, bytes), "\(bytes)")
            #expect(survives(FSBypassIOOutput.self, bytes), "\(bytes)")
            #expect(survives(BypassIOResults.self, bytes), "\(bytes)")
            #expect(survives(BypassIOInfo.self, bytes), "\(bytes)")
            #expect(survives(StorageBypassIOInput.self, bytes), "\(bytes)")
            #expect(survives(StorageBypassIOOutput.self, bytes), "\(bytes)")
        }
    }

    @Test("Taking a buffer apart never traps and never points outside of it")
    func decodedBuffers() {
        var generator = Generator(state: 0xD1B5_4A32_D192_ED03)
        let kinds = [nil] + DecodedBuffer.Kind.allCases.map(Optional.some)
        for count in 0...600 {
            let bytes = Self.bytes(count, &generator)
            for kind in kinds {
                let decoded = DecodedBuffer(bytes, as: kind)
                let inside = decoded.fields.allSatisfy {
                    $0.offset >= 0 && $0.size > 0 && $0.offset + $0.size <= count
                }
                #expect(inside, "\(bytes)")
                #expect(decoded.byteCount == count)
                #expect(decoded.text().hasSuffix("\n"))
                #expect(!decoded.fields.isEmpty || !decoded.problems.isEmpty)
            }
        }
    }
}
