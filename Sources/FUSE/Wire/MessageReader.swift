/// Takes a request apart from front to back; every step is checked against its end.
struct MessageReader: ~Escapable {
    private let bytes: Span<UInt8>
    private(set) var offset = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.count - offset }

    mutating func u16() throws(MalformedRequest) -> UInt16 {
        let at = try advance(2)
        return UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
    }

    mutating func u32() throws(MalformedRequest) -> UInt32 {
        load32(try advance(4))
    }

    mutating func u64() throws(MalformedRequest) -> UInt64 {
        let at = try advance(8)
        return UInt64(load32(at)) | UInt64(load32(at + 4)) << 32
    }

    mutating func skip(_ count: Int) throws(MalformedRequest) {
        _ = try advance(count)
    }

    @_lifetime(copy self)
    mutating func take(_ count: Int) throws(MalformedRequest) -> Span<UInt8> {
        let at = try advance(count)
        return bytes.extracting(at..<at + count)
    }

    /// Bytes up to a NUL, which is taken too but not returned.
    @_lifetime(copy self)
    mutating func string() throws(MalformedRequest) -> Span<UInt8> {
        var end = offset
        while end < bytes.count, bytes[end] != 0 { end += 1 }
        guard end < bytes.count else { throw MalformedRequest() }
        let text = try take(end - offset)
        try skip(1)
        return text
    }

    /// A name in a directory: not empty, no slash, neither "." nor "..".
    @_lifetime(copy self)
    mutating func name() throws(MalformedRequest) -> Span<UInt8> {
        let name = try string()
        var isSpecial = name.count <= 2
        for index in name.indices {
            if name[index] == UInt8(ascii: "/") { throw MalformedRequest() }
            if name[index] != UInt8(ascii: ".") { isSpecial = false }
        }
        if isSpecial { throw MalformedRequest() }
        return name
    }

    /// The rest is a name that stands for a directory itself (a dot) or its parent (two dots).
    func isName(ofDots count: Int) -> Bool {
        guard remaining == count + 1, bytes[offset + count] == 0 else { return false }
        return (0..<count).allSatisfy { bytes[offset + $0] == UInt8(ascii: ".") }
    }

    private func load32(_ at: Int) -> UInt32 {
        UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8 | UInt32(bytes[at + 2]) << 16
            | UInt32(bytes[at + 3]) << 24
    }

    private mutating func advance(_ count: Int) throws(MalformedRequest) -> Int {
        guard count >= 0, count <= remaining else { throw MalformedRequest() }
        defer { offset += count }
        return offset
    }
}

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

/// A request that is not built as its opcode demands. The kernel sends none; the answer is EIO.
struct MalformedRequest: Error {}
