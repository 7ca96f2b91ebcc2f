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
