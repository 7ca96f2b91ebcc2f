import BypassIOProtocol
import Testing

/// Expects `value` to differ from `baseline` only in the bytes at `offset`, which are `expected`,
/// and to survive decoding.
func expectField<Structure: WireStructure>(
    _ value: Structure, over baseline: Structure, has expected: [UInt8], at offset: Int,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let bytes = try value.encodedBytes()
    let plain = try baseline.encodedBytes()
    try #require(bytes.count == plain.count, sourceLocation: sourceLocation)
    let field = offset..<(offset + expected.count)
    #expect(Array(bytes[field]) == expected, sourceLocation: sourceLocation)
    #expect(Array(plain[field]) != expected, sourceLocation: sourceLocation)
    for index in bytes.indices where !field.contains(index) {
        #expect(bytes[index] == plain[index], "byte \(index)", sourceLocation: sourceLocation)
    }
    #expect(try Structure(decoding: bytes.span) == value, sourceLocation: sourceLocation)
}

/// The bytes of a number, lowest first.
func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<(Value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// A text's UTF-16 units as bytes.
func littleEndian(_ text: String) -> [UInt8] {
    text.utf16.flatMap { littleEndian($0) }
}
