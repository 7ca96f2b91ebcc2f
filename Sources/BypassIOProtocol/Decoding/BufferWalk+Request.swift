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
