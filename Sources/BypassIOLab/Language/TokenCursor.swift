/// Reads the tokens of a line from left to right.
struct TokenCursor {
    let line: Line
    private(set) var index = 0

    init(_ line: Line) { self.line = line }

    var next: Token? { index < line.tokens.count ? line.tokens[index] : nil }
    var isAtEnd: Bool { next == nil }
    var position: SourcePosition { line.position(next?.column ?? line.endColumn) }

    func fault(_ expected: String) -> Diagnostic {
        Diagnostic(position, expected: expected, found: next?.description ?? "the end of the line")
    }

    /// The next word without taking it.
    var word: String? {
        if case .word(let word) = next?.kind { word } else { nil }
    }

    mutating func skip() { index += 1 }

    /// Takes the words if they are next, all of them or none.
    mutating func take(_ words: String...) -> Bool { take(words) }

    mutating func take(_ words: [String]) -> Bool {
        guard index + words.count <= line.tokens.count else { return false }
        for (offset, word) in words.enumerated() {
            guard line.tokens[index + offset].kind == .word(word) else { return false }
        }
        index += words.count
        return true
    }

    mutating func take(_ kind: Token.Kind) -> Bool {
        guard next?.kind == kind else { return false }
        index += 1
        return true
    }

    mutating func need(_ words: String...) throws(Diagnostic) {
        for word in words {
            guard take([word]) else { throw fault("'\(word)'") }
        }
    }

    mutating func need(_ kind: Token.Kind, _ name: String) throws(Diagnostic) {
        guard take(kind) else { throw fault(name) }
    }

    /// A name: a word or a text.
    mutating func name(_ what: String) throws(Diagnostic) -> String {
        switch next?.kind {
        case .word(let name), .text(let name):
            guard !name.isEmpty else { throw fault(what) }
            index += 1
            return name
        default: throw fault(what)
        }
    }

    mutating func text(_ what: String) throws(Diagnostic) -> String {
        guard case .text(let text) = next?.kind else {
            throw fault("\(what) in quotation marks")
        }
        index += 1
        return text
    }

    mutating func end() throws(Diagnostic) {
        guard isAtEnd else { throw fault("the end of the line") }
    }

    /// The rest of the line as it was written.
    mutating func rest(_ what: String) throws(Diagnostic) -> String {
        guard let start = next?.column else { throw fault(what) }
        let first = line.tokens.first?.column ?? 1
        index = line.tokens.count
        return String(line.text.dropFirst(start - first))
    }

    /// A word out of a set; the fault lists the set.
    mutating func choice<Value>(
        _ choices: [(word: String, value: Value)], _ what: String
    ) throws(Diagnostic) -> Value {
        if let word, let found = choices.first(where: { $0.word == word }) {
            index += 1
            return found.value
        }
        let names = choices.map(\.word).joined(separator: ", ")
        throw fault(what.isEmpty ? "one of \(names)" : "\(what): one of \(names)")
    }
}
