extension String {
    /// The text with `\u{…}` for characters that would move a terminal's cursor or begin another
    /// line: names come from outside.
    package var onOneLine: String {
        var result = ""
        for scalar in unicodeScalars {
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

extension String {
    /// The text with exactly one full stop at its end: a quotation there may bring its own.
    package var asSentence: String {
        guard let last = trimmed.last else { return self }
        return ".!?".contains(last) ? trimmed : trimmed + "."
    }

    /// The text without the full stop at its end: for use in brackets or before a comma.
    package var asClause: String {
        trimmed.last == "." ? String(trimmed.dropLast()) : trimmed
    }

    private var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
