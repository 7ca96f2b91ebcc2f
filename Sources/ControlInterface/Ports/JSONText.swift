/// Finds the end of JSON values (RFC 8259), so that those of a line can be handed on as they stand.
///
/// What it takes is JSON for every other reader: no member twice, no lone control character, and
/// UTF-8 throughout.
struct JSONText {
    struct Malformed: Error {}

    struct Member {
        /// As it stands between its quotes.
        let name: String
        let value: [UInt8]
    }

    /// Arrays and objects within each other.
    private static let deepest = 64

    private var rest: ArraySlice<UInt8>

    private init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The members of a line that is an object.
    static func members(of line: ArraySlice<UInt8>) throws(Malformed) -> [Member] {
        guard String(validating: line, as: UTF8.self) != nil else { throw Malformed() }
        var text = JSONText(line)
        var members: [Member] = []
        try text.object(depth: 1) { name, value throws(Malformed) in
            guard !members.contains(where: { $0.name == name }) else { throw Malformed() }
            members.append(Member(name: name, value: Array(value)))
        }
        try text.end()
        return members
    }

    /// Whether the bytes are one value.
    static func isValue(_ bytes: [UInt8]) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var text = JSONText(bytes[...])
        do throws(Malformed) {
            try text.value(depth: 1)
            try text.end()
            return true
        } catch {
            return false
        }
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(Malformed) {
        guard depth <= Self.deepest else { throw Malformed() }
        skipBlanks()
        switch rest.first {
        case UInt8(ascii: "{"): try object(depth: depth) { _, _ in }
        case UInt8(ascii: "["): try array(depth: depth)
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
    }

    private mutating func object(
        depth: Int, _ body: (String, ArraySlice<UInt8>) throws(Malformed) -> Void
    ) throws(Malformed) {
        try list(from: "{", to: "}") { text throws(Malformed) in
            text.skipBlanks()
            let name = try text.string()
            text.skipBlanks()
            try text.take(":")
            text.skipBlanks()
            let start = text.rest
            try text.value(depth: depth + 1)
            try body(
                String(decoding: name, as: UTF8.self), start[..<text.rest.startIndex])
        }
    }

    private mutating func array(depth: Int) throws(Malformed) {
        try list(from: "[", to: "]") { text throws(Malformed) in try text.value(depth: depth + 1) }
    }

    private mutating func list(
        from first: Unicode.Scalar, to last: Unicode.Scalar,
        _ item: (inout JSONText) throws(Malformed) -> Void
    ) throws(Malformed) {
        skipBlanks()
        try take(first)
        skipBlanks()
        if rest.first == UInt8(ascii: last) {
            rest.removeFirst()
            return
        }
        while true {
            try item(&self)
            skipBlanks()
            if rest.first == UInt8(ascii: last) {
                rest.removeFirst()
                return
            }
            try take(",")
        }
    }

    /// What stands between the quotes.
    private mutating func string() throws(Malformed) -> ArraySlice<UInt8> {
        try take("\"")
        let start = rest
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return start[..<(rest.startIndex - 1)]
            case UInt8(ascii: "\\"): try escape()
            case ..<0x20: throw Malformed()
            default: break
            }
        }
        throw Malformed()
    }

    private static let escapes = Set("\"\\/bfnrt".utf8)

    private mutating func escape() throws(Malformed) {
        guard let byte = rest.popFirst() else { throw Malformed() }
        if Self.escapes.contains(byte) { return }
        guard byte == UInt8(ascii: "u"), rest.count >= 4,
            rest.prefix(4).allSatisfy({ Character(UnicodeScalar($0)).isHexDigit })
        else { throw Malformed() }
        rest.removeFirst(4)
    }

    private mutating func word(_ text: StaticString) throws(Malformed) {
        let bytes = Array("\(text)".utf8)
        guard rest.starts(with: bytes) else { throw Malformed() }
        rest.removeFirst(bytes.count)
    }

    private mutating func number() throws(Malformed) {
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let isZero = rest.first == UInt8(ascii: "0")
        let whole = try digits()
        guard !isZero || whole == 1 else { throw Malformed() }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            _ = try digits()
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
                rest.removeFirst()
            }
            _ = try digits()
        }
    }

    /// One at least.
    private mutating func digits() throws(Malformed) -> Int {
        let found = rest.prefix { 0x30...0x39 ~= $0 }.count
        guard found > 0 else { throw Malformed() }
        rest.removeFirst(found)
        return found
    }

    // MARK: Single characters

    private mutating func skipBlanks() {
        while let byte = rest.first, byte == 0x20 || 0x09...0x0A ~= byte || byte == 0x0D {
            rest.removeFirst()
        }
    }

    private mutating func take(_ character: Unicode.Scalar) throws(Malformed) {
        guard rest.popFirst() == UInt8(ascii: character) else { throw Malformed() }
    }

    private mutating func end() throws(Malformed) {
        skipBlanks()
        guard rest.isEmpty else { throw Malformed() }
    }
}
