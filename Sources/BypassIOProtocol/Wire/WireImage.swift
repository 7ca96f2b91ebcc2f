/// The bytes of one structure on their way to a buffer: at most 352, held in place.
///
/// A buffer comes as a `MutableRawSpan` or as a `MutableSpan<UInt8>`, and neither can become the
/// other without unsafe code. So structures write themselves here, and whole images are copied.
public struct WireImage: Sendable {
    /// The size of the largest structure, in bytes.
    static let capacity = 352

    private var bytes: InlineArray<352, UInt8> = InlineArray(repeating: 0)
    /// The end of the stored bytes; zeros follow. Most answers end long before their structure.
    private(set) var end = 0

    /// An image of zeros.
    init() {}

    /// The byte at `offset`, which is below 352.
    subscript(offset: Int) -> UInt8 { bytes[offset] }

    /// Stores an integer in little-endian order, whatever the host's order.
    mutating func store<Value: FixedWidthInteger>(littleEndian value: Value, at offset: Int) {
        end = max(end, offset + Value.bitWidth / 8)
        var span = bytes.mutableSpan
        span.store(littleEndian: value, at: offset)
    }

    /// Stores a name or a reason; the units behind it up to its capacity stay zero.
    mutating func store<let capacity: Int>(_ text: FixedUTF16<capacity>, at offset: Int) {
        for index in 0..<Int(text.length) {
            store(littleEndian: text.units[index], at: offset + 2 * index)
        }
    }
}
