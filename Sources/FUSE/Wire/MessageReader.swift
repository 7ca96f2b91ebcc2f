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
