import BypassIOProtocol

/// Any buffer is taken apart, as each structure, and shown.
enum DecoderHarness: Harness {
    static let name = "decoder"

    static func attempt(_ input: [UInt8]) {
        for kind in [nil] + DecodedBuffer.Kind.allCases.map(Optional.some) {
            let decoded = DecodedBuffer(input, as: kind)
            demand(decoded.byteCount == input.count, "a decoded buffer keeps its length")
            demand(kind == nil || decoded.kind == kind, "a buffer is read as it was asked")
            demand(
                decoded.fields.allSatisfy { $0.offset + $0.size <= input.count },
                "a field lies within the buffer")
            _ = decoded.text()
        }
    }
}
