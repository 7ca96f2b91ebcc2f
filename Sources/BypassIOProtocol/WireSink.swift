/// Memory that a structure is written to: a `MutableRawSpan` or a `MutableSpan<UInt8>`.
///
/// Both are needed because the safe way into an array's bytes is a `MutableSpan<UInt8>`, while
/// buffers shared with a kernel come as a `MutableRawSpan`.
public protocol WireSink: ~Copyable, ~Escapable {
    /// Bytes that can be stored, counted from offset 0.
    var byteCount: Int { get }
    /// Stores one byte; `offset` is below `byteCount`, or the program stops.
    mutating func store(_ byte: UInt8, at offset: Int)
}

extension MutableRawSpan: WireSink {
    public mutating func store(_ byte: UInt8, at offset: Int) {
        storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    }
}

extension MutableSpan: WireSink where Element == UInt8 {
    public var byteCount: Int { count }

    public mutating func store(_ byte: UInt8, at offset: Int) {
        self[offset] = byte
    }
}

extension WireSink where Self: ~Copyable, Self: ~Escapable {
    /// Stores an integer in little-endian order whatever the host's order is.
    mutating func store<Value: FixedWidthInteger>(littleEndian value: Value, at offset: Int) {
        for index in 0..<(Value.bitWidth / 8) {
            store(UInt8(truncatingIfNeeded: value >> (8 * index)), at: offset + index)
        }
    }

    /// Stores a name or a reason: its units, then zero up to the array's capacity.
    mutating func store<let capacity: Int>(_ text: FixedUTF16<capacity>, at offset: Int) {
        for index in 0..<capacity {
            store(littleEndian: text.units[index], at: offset + 2 * index)
        }
    }
}
