/// Puts a reply together from front to back in the caller's memory.
struct MessageWriter: ~Copyable, ~Escapable {
    private var bytes: MutableSpan<UInt8>
    /// Bytes of the message so far.
    private(set) var count: Int

    /// Goes on behind the first `start` bytes.
    @_lifetime(&bytes)
    init(_ bytes: inout MutableSpan<UInt8>, from start: Int) {
        let length = bytes.count
        self.bytes = bytes._mutatingExtracting(first: length)
        count = start
    }

    var room: Int { bytes.count - count }

    mutating func u32(_ value: UInt32) {
        for byte in 0..<4 {
            bytes[count + byte] = UInt8(truncatingIfNeeded: value >> UInt32(byte * 8))
        }
        count += 4
    }

    mutating func u64(_ value: UInt64) {
        u32(UInt32(truncatingIfNeeded: value))
        u32(UInt32(truncatingIfNeeded: value >> 32))
    }

    mutating func u16(_ value: UInt16) {
        bytes[count] = UInt8(truncatingIfNeeded: value)
        bytes[count + 1] = UInt8(truncatingIfNeeded: value >> 8)
        count += 2
    }

    mutating func copy(_ source: Span<UInt8>) {
        var rest = bytes._mutatingExtracting(droppingFirst: count)
        unsafe rest.withUnsafeMutableBufferPointer { rest in
            unsafe source.withUnsafeBufferPointer { source in
                precondition(source.count <= rest.count)
                _ = unsafe rest.update(fromContentsOf: source)
            }
        }
        count += source.count
    }

    mutating func zeros(_ length: Int) {
        for index in 0..<length { bytes[count + index] = 0 }
        count += length
    }
}
