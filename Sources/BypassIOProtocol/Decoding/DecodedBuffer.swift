/// The bytes of a request or a reply taken apart for a person to read: every field with its offset,
/// and every problem.
///
/// Nothing is refused. A malformed or truncated buffer gives the fields that it has and a list of
/// problems.
///
/// ```swift
/// let decoded = DecodedBuffer(bytes)
/// print(decoded.text())
/// ```
public struct DecodedBuffer: Hashable, Sendable, Encodable {
    /// The structures that a buffer can be.
    public enum Kind: String, CaseIterable, Hashable, Sendable, Encodable {
        /// `FS_BPIO_INPUT`, 24 bytes.
        case input = "FS_BPIO_INPUT"
        /// `FS_BPIO_OUTPUT`, 24, 96 or 352 bytes.
        case output = "FS_BPIO_OUTPUT"
        /// `BPIO_INPUT`, 24 bytes.
        case storageInput = "BPIO_INPUT"
        /// `BPIO_OUTPUT`, 24 or 352 bytes.
        case storageOutput = "BPIO_OUTPUT"
        /// `struct bypassio_fsctl`, the ioctl's argument on Linux, 512 bytes.
        case request = "bypassio_fsctl"
    }

    /// The structure that the buffer was read as; `nil` if it is too short to tell.
    public let kind: Kind?
    /// Bytes in the buffer.
    public let byteCount: Int
    /// Another structure that fits the same bytes, if nothing in them decides.
    public let ambiguity: String?
    /// The fields in the order of their offsets.
    public let fields: [DecodedField]
    /// The problems; empty for a well-formed buffer.
    public let problems: [DecodedProblem]

    /// Takes `bytes` apart as `kind`, or as the structure that their length and first fields
    /// suggest.
    public init(_ bytes: [UInt8], as kind: Kind? = nil) {
        byteCount = bytes.count
        guard let kind = kind ?? Kind.detected(in: bytes) else {
            self.kind = nil
            ambiguity = nil
            fields = []
            problems = [
                DecodedProblem(
                    message: "a buffer of \(bytes.count) bytes is too short: the smallest "
                        + "structure has \(FSBypassIOInput.size)")
            ]
            return
        }
        self.kind = kind
        ambiguity = kind.ambiguity(in: bytes)
        var walk = BufferWalk(bytes)
        walk.structure(kind)
        fields = walk.fields
        problems = walk.problems
    }
}

extension DecodedBuffer.Kind {
    /// The most likely structure of `bytes`; `nil` below the smallest structure's size.
    ///
    /// The storage structures begin with their own size, the others with an operation of at most 8
    /// or with a control code.
    static func detected(in bytes: [UInt8]) -> Self? {
        guard bytes.count >= FSBypassIOInput.size else { return nil }
        let first = bytes.span.uint32(at: 0)
        let second = bytes.span.uint32(at: 4)
        if bytes.count == BufferWalk.requestSize || first == ControlCode.manageBypassIO.rawValue {
            return .request
        }
        if second >= UInt32(StorageBypassIOInput.size) {
            if first == UInt32(StorageBypassIOInput.size) { return .storageInput }
            if first == UInt32(StorageBypassIOOutput.size) { return .storageOutput }
        }
        if bytes.count > FSBypassIOInput.size { return .output }
        // Among 24-byte structures, only flags that no input defines tell an output from an input.
        let operation = BypassIOOperation(rawValue: first)
        let flags = BypassIOOutputFlags(rawValue: second)
        let headerOnly = operation.minimumOutputSize == FSBypassIOOutput.headerSize
        let onlyOutputHas = BypassIOOutputFlags.known.subtracting(.volumeStackBypassPaused)
        return headerOnly && !flags.isDisjoint(with: onlyOutputHas) ? .output : .input
    }

    /// Another structure that fits the same bytes.
    func ambiguity(in bytes: [UInt8]) -> String? {
        guard bytes.count == FSBypassIOInput.size else { return nil }
        switch self {
        case .input:
            let operation = BypassIOOperation(rawValue: bytes.span.uint32(at: 0))
            guard operation.minimumOutputSize == FSBypassIOOutput.headerSize else { return nil }
            return "FS_BPIO_OUTPUT of \(operation) has the same layout"
        default:
            return nil
        }
    }
}

extension DecodedBuffer {
    /// The buffer as lines of text: a heading, a line for each field and a line for each problem,
    /// each ended by a newline. Control characters in the buffer are shown as `\u{…}`.
    public func text() -> String {
        var lines = ["\(kind?.rawValue ?? "unknown"), \(byteCount) bytes"]
        if let ambiguity { lines.append("  (\(ambiguity))") }
        if !fields.isEmpty {
            let width = fields.map(\.name.count).reduce(5, max)
            lines.append("offset  size  " + Self.padded("field", to: width) + "  value")
            lines += fields.map { Self.line($0, nameWidth: width) }
        }
        if problems.isEmpty {
            lines.append("no problems")
        } else {
            lines.append(problems.count == 1 ? "1 problem:" : "\(problems.count) problems:")
            lines += problems.map { "  \(Self.printable($0.description))" }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func line(_ field: DecodedField, nameWidth: Int) -> String {
        var parts = [
            rightAligned(field.offset, to: 6), rightAligned(field.size, to: 4),
            padded(field.name, to: nameWidth),
        ]
        if !field.value.isEmpty { parts.append(printable(field.value)) }
        if let note = field.note { parts.append("(\(note))") }
        // The name is padded only before a value.
        if parts.count == 3 { parts[2] = field.name }
        return parts.joined(separator: "  ")
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func rightAligned(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: " ", count: max(0, width - digits.count)) + digits
    }

    /// Names come from outside. Nothing in them may move a terminal's cursor.
    private static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// A field of a decoded buffer.
public struct DecodedField: Hashable, Sendable, Encodable {
    /// The name in the Windows headers, after the names of the enclosing structures, such as
    /// `Enable.OpStatus`.
    public let name: String
    /// Bytes from the start of the buffer.
    public let offset: Int
    /// The field's size in bytes.
    public let size: Int
    /// The value: a number, or the text itself.
    public let value: String
    /// The meaning of the value, if a number alone does not show it.
    public let note: String?

    public init(name: String, offset: Int, size: Int, value: String, note: String? = nil) {
        self.name = name
        self.offset = offset
        self.size = size
        self.value = value
        self.note = note
    }
}

/// A problem of a decoded buffer.
public struct DecodedProblem: Hashable, Sendable, Encodable, CustomStringConvertible {
    /// The field at fault, by its name in the field list; `nil` for the whole buffer.
    public let field: String?
    /// Bytes from the start of the buffer to the fault, or `nil` for the whole buffer.
    public let offset: Int?
    /// The problem in words, without a full stop.
    public let message: String

    public init(field: String? = nil, offset: Int? = nil, message: String) {
        self.field = field
        self.offset = offset
        self.message = message
    }

    public var description: String {
        switch (field, offset) {
        case (let field?, let offset?): "\(field) at offset \(offset): \(message)"
        case (let field?, nil): "\(field): \(message)"
        case (nil, let offset?): "offset \(offset): \(message)"
        case (nil, nil): message
        }
    }
}

/// Numbers as the Windows headers print them: 0x and all digits of the width, upper case.
enum Hexadecimal {
    static func text(_ value: some FixedWidthInteger) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return "0x" + String(repeating: "0", count: value.bitWidthInDigits - digits.count) + digits
    }
}

extension FixedWidthInteger {
    fileprivate var bitWidthInDigits: Int { Self.bitWidth / 4 }
}
