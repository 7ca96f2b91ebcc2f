/// The bytes of one structure on their way to a buffer: at most 352, held in place.
///
/// A buffer comes as a `MutableRawSpan` or as a `MutableSpan<UInt8>`, and neither turns into the
/// other without unsafe code. Structures therefore write themselves here, and whole images are
/// copied.
public struct WireImage: Sendable {
    /// The size of the largest structure, in bytes.
    static let capacity = 352

    private var bytes: InlineArray<352, UInt8> = InlineArray(repeating: 0)

    /// An image of zeros.
    init() {}

    /// The byte at `offset`, which is below 352.
    subscript(offset: Int) -> UInt8 { bytes[offset] }

    /// Stores an integer in little-endian order whatever the host's order is.
    @inline(__always)
    mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(
        littleEndian value: Value, at offset: Int
    ) {
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        raw.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
    }

    /// The first `size` bytes as an array; the array is all that is allocated.
    func prefix(_ size: Int) -> [UInt8] {
        let span = bytes.span.extracting(first: size)
        return unsafe span.withUnsafeBufferPointer { bytes in unsafe Array(bytes) }
    }

    /// Stores a name or a reason; the units behind it up to its capacity stay zero.
    mutating func store<let capacity: Int>(_ text: FixedUTF16<capacity>, at offset: Int) {
        for index in 0..<Int(text.length) {
            store(littleEndian: text.units[index], at: offset + 2 * index)
        }
    }
}
