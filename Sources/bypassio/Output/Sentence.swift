extension String {
    /// With a full stop at its end, one: what is quoted there may bring its own.
    var asSentence: String {
        guard let last = trimmed.last else { return self }
        return ".!?".contains(last) ? trimmed : trimmed + "."
    }

    /// Without the full stop at its end: for what goes on in brackets or behind a comma.
    var asClause: String {
        trimmed.last == "." ? String(trimmed.dropLast()) : trimmed
    }

    private var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
