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

/// `struct bypassio_fsctl`, the argument of the ioctl that carries the control code on Linux.
extension BufferWalk {
    private static let headerSize = 24
    private static let bufferSize = 488

    /// The 24-byte header, then the input on the way in or the output on the way out.
    mutating func request() {
        let code = number("control_code", at: 0) {
            (Hexadecimal.text($0), Self.describe(ControlCode(rawValue: $0)))
        }
        if let code, code != ControlCode.manageBypassIO.rawValue {
            problem("control_code", at: 0, "not FSCTL_MANAGE_BYPASS_IO, 0x00090448")
        }
        if let flags = number("flags", at: 4, describe: { (Hexadecimal.text($0), nil) }),
            flags != 0
        {
            problem("flags", at: 4, "flags are not zero")
        }
        let inputLength = offer("input_length", at: 8)
        let outputLength = offer("output_length", at: 12)
        let status = number("status", at: 16, describe: Self.describeStatus)
            .map { NTStatus(rawValue: $0) }
        let information = length("information", at: 20)
        if available > Self.headerSize {
            if information > 0 {
                reply(status: status, information: information, outputLength: outputLength)
            } else {
                question(inputLength: inputLength, outputLength: outputLength)
            }
        }
        excess(over: Self.requestSize, of: "bypassio_fsctl")
        if available < Self.requestSize {
            problem("\(available) bytes, bypassio_fsctl has \(Self.requestSize)")
        }
    }

    /// Reads a length that may exceed the buffer; only the part that fits counts.
    private mutating func offer(_ name: String, at offset: Int) -> Int {
        let most = UInt32(Self.bufferSize)
        let length = number(name, at: offset) { length in
            (String(length), length > most ? "bytes, of which \(most) count" : "bytes")
        }
        return Int(min(length ?? 0, most))
    }

    /// Reads a length that the buffer must hold; clamps it to the buffer's size.
    private mutating func length(_ name: String, at offset: Int) -> Int {
        guard let length = number(name, at: offset, describe: { (String($0), "bytes") }) else {
            return 0
        }
        if length > UInt32(Self.bufferSize) {
            problem(name, at: offset, "\(length) bytes exceed the buffer's \(Self.bufferSize)")
        }
        return min(Int(length), Self.bufferSize)
    }

    private mutating func question(inputLength: Int, outputLength: Int) {
        guard inputLength >= FSBypassIOInput.size else {
            problem(
                "input_length", at: 8,
                "\(inputLength) bytes are fewer than FS_BPIO_INPUT's \(FSBypassIOInput.size)")
            return
        }
        let start = Self.headerSize
        nested("buffer", at: start, end: start + FSBypassIOInput.size) { $0.input() }
        guard available >= start + 4 else { return }
        let operation = BypassIOOperation(rawValue: bytes.span.uint32(at: origin + start))
        if let needed = operation.minimumOutputSize, outputLength < needed {
            problem(
                "output_length", at: 12,
                "\(outputLength) bytes are fewer than the \(needed) that \(operation) returns")
        }
    }

    private mutating func reply(status: NTStatus?, information: Int, outputLength: Int) {
        if let status, !status.isSuccess {
            problem("information", at: 20, "not zero although the status is \(status)")
        }
        if information > outputLength {
            problem("information", at: 20, "more bytes written than the caller offered")
        }
        let start = Self.headerSize
        nested("buffer", at: start, end: start + information) { $0.output() }
    }

    /// The code's name, or its four parts if it is unknown.
    private static func describe(_ code: ControlCode) -> String {
        code.name
            ?? "device type \(Hexadecimal.text(code.deviceType.rawValue)), function "
            + "\(code.function), method \(code.method.rawValue), access \(code.access.rawValue)"
    }
}
