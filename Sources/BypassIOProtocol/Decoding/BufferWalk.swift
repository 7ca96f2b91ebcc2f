/// Goes through a buffer field by field and notes fields and problems. Reading past the end is a
/// problem that is noted once, never a fault.
struct BufferWalk {
    /// `sizeof(struct bypassio_fsctl)`.
    static let requestSize = 512

    let bytes: [UInt8]
    /// The start of the structure being read.
    var origin = 0
    /// The end of that structure at the latest.
    var limit: Int
    /// The common beginning of the fields' names.
    var prefix = ""
    private(set) var fields: [DecodedField] = []
    private(set) var problems: [DecodedProblem] = []
    private var endNoted = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        limit = bytes.count
    }

    mutating func structure(_ kind: DecodedBuffer.Kind) {
        switch kind {
        case .input: input()
        case .output: output()
        case .storageInput: storageInput()
        case .storageOutput: storageOutput()
        case .request: request()
        }
    }

    /// Walks the structure at `offset`, up to `end`, with `name` before its fields' names.
    mutating func nested(
        _ name: String, at offset: Int, end: Int? = nil, body: (inout BufferWalk) -> Void
    ) {
        let (oldOrigin, oldLimit, oldPrefix) = (origin, limit, prefix)
        origin += offset
        limit = min(limit, end.map { oldOrigin + $0 } ?? limit)
        prefix += name + "."
        body(&self)
        (origin, limit, prefix) = (oldOrigin, oldLimit, oldPrefix)
    }

    /// Bytes from the structure's start to the limit.
    var available: Int { max(0, limit - origin) }

    mutating func problem(_ name: String, at offset: Int, _ message: String) {
        problems.append(
            DecodedProblem(field: prefix + name, offset: origin + offset, message: message))
    }

    mutating func problem(_ message: String) {
        problems.append(DecodedProblem(message: message))
    }

    mutating func add(
        _ name: String, at offset: Int, size: Int, value: String, note: String? = nil
    ) {
        fields.append(
            DecodedField(
                name: prefix + name, offset: origin + offset, size: size, value: value,
                note: note))
    }

    /// Whether a field lies inside; the first field that does not becomes a problem.
    mutating func has(_ name: String, at offset: Int, size: Int) -> Bool {
        if offset + size <= available { return true }
        if !endNoted {
            problem(name, at: offset, "needs \(size) bytes, the buffer ends at \(limit)")
            endNoted = true
        }
        return false
    }

    /// Reads a 32-bit number and lets `describe` put it into words.
    mutating func number(
        _ name: String, at offset: Int,
        describe: (UInt32) -> (value: String, note: String?) = { (String($0), nil) }
    ) -> UInt32? {
        guard has(name, at: offset, size: 4) else { return nil }
        let number = bytes.span.uint32(at: origin + offset)
        let (value, note) = describe(number)
        add(name, at: offset, size: 4, value: value, note: note)
        return number
    }

    /// Reads a reserved 64-bit field, which must be zero.
    mutating func reserved(_ name: String, at offset: Int) {
        guard has(name, at: offset, size: 8) else { return }
        let number = bytes.span.uint64(at: origin + offset)
        add(name, at: offset, size: 8, value: Hexadecimal.text(number))
        if number != 0 { problem(name, at: offset, "a reserved field is not zero") }
    }

    /// Reads the bytes between two fields, which must be zero.
    mutating func padding(at offset: Int, size: Int) {
        guard has("padding", at: offset, size: size) else { return }
        let content = bytes[(origin + offset)..<(origin + offset + size)]
        let value = content.map { String($0) }.joined(separator: " ")
        add("padding", at: offset, size: size, value: value)
        if content.contains(where: { $0 != 0 }) {
            problem("padding", at: offset, "padding is not zero")
        }
    }

    /// Reads a count of characters and the text behind it. Returns whether the text is not empty.
    mutating func text<let capacity: Int>(
        _ name: String, at offset: Int, as type: FixedUTF16<capacity>.Type
    ) -> Bool {
        let lengthName = name + "Len"
        guard has(lengthName, at: offset, size: 2) else { return false }
        let length = Int(bytes.span.uint16(at: origin + offset))
        add(lengthName, at: offset, size: 2, value: String(length), note: "characters")
        if length > capacity {
            problem(
                lengthName, at: offset,
                "a length of \(length) characters exceeds the capacity of \(capacity)")
        }
        guard has(name, at: offset + 2, size: 2 * capacity) else { return length > 0 }
        let text = FixedUTF16<capacity>(
            decoding: bytes.span, at: origin + offset + 2, length: length)
        add(name, at: offset + 2, size: 2 * capacity, value: text.string)
        if let index = text.firstUnpairedSurrogate {
            problem(name, at: offset + 2 + 2 * index, "an unpaired surrogate")
        }
        if let index = text.firstNUL {
            problem(
                name, at: offset + 2 + 2 * index,
                "a NUL inside the \(text.length) characters: the length may count bytes")
        }
        return length > 0
    }
}
