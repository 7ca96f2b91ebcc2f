import BypassIOProtocol

/// A control that was sent, and its answer.
struct FsctlExchange: Encodable {
    private let controlCode = ControlCode.manageBypassIO.rawValue
    /// Of the control as a whole. A veto is no failure of it: the answer has it.
    private let ntStatus: UInt32
    private let ntStatusName: String?
    private let message: String
    private let input: Buffer
    private let output: Buffer
    /// The control failed, or the answer is a refusal.
    let isRefused: Bool

    private struct Buffer: Encodable {
        let bytes: [UInt8]
        let decoded: DecodedBuffer

        init(_ bytes: [UInt8], _ kind: DecodedBuffer.Kind) {
            self.bytes = bytes
            decoded = DecodedBuffer(bytes, as: kind)
        }

        private enum Keys: String, CodingKey { case hex, decoded }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(bytes.map(Hexadecimal.byte).joined(), forKey: .hex)
            try container.encode(decoded, forKey: .decoded)
        }

        func lines(_ title: String, hex: Bool) -> [String] {
            guard !bytes.isEmpty else { return ["\(title): no bytes"] }
            let body =
                hex
                ? Hexadecimal.dump(bytes)
                : decoded.text().split(separator: "\n").map { String($0) }
            return ["\(title):"] + body.map { "  \($0)" }
        }
    }

    init(input: [UInt8], status: NTStatus, output: [UInt8]) {
        ntStatus = status.rawValue
        ntStatusName = status.name
        message = status.message
        self.input = Buffer(input, .input)
        self.output = Buffer(output, .output)
        let answer = try? FSBypassIOOutput(decoding: output.span)
        isRefused = status.isError || answer?.results?.status.isError == true
    }

    func text(hex: Bool) -> String {
        let code = Hexadecimal.word(controlCode)
        let status = Hexadecimal.word(ntStatus)
        let lines =
            input.lines("FSCTL_MANAGE_BYPASS_IO (\(code)), sent", hex: hex)
            + ["Status: \(status) \(ntStatusName ?? "") (\(message))"]
            + output.lines("Answer", hex: hex)
        return lines.map { $0 + "\n" }.joined()
    }
}

/// Bytes as people read them.
private enum Hexadecimal {
    static func byte(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }

    static func word(_ word: UInt32) -> String {
        let digits = String(word, radix: 16, uppercase: true)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Sixteen bytes a line behind their offset, and the text they may be.
    static func dump(_ bytes: [UInt8]) -> [String] {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            let row = bytes[start..<min(start + 16, bytes.count)]
            let offset = String(start, radix: 16)
            let margin = String(repeating: "0", count: max(0, 4 - offset.count))
            let digits = row.map(byte).joined(separator: " ")
            let gap = String(repeating: " ", count: 48 - digits.count)
            let text = String(
                decoding: row.map { (32..<127).contains($0) ? $0 : UInt8(ascii: ".") },
                as: UTF8.self)
            return "\(margin)\(offset)  \(digits)\(gap)  \(text)"
        }
    }
}
