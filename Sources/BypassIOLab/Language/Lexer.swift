/// Splits a file into lines of tokens. Any bytes are accepted: text that is no token is a fault of
/// its line, and the next line starts afresh.
struct Lexer {
    private(set) var lines: [Line] = []
    private(set) var faults: [Diagnostic] = []

    init(_ source: String, file: String) {
        // "\r\n" is one character.
        let pieces = source.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, piece) in pieces.enumerated() {
            var scanner = LineScanner(Array(piece), file: file, number: index + 1)
            do throws(Diagnostic) {
                if let line = try scanner.line() { lines.append(line) }
            } catch {
                faults.append(error)
            }
        }
    }
}

/// A line, character by character.
private struct LineScanner {
    let characters: [Character]
    let file: String
    let number: Int
    var index = 0

    init(_ characters: [Character], file: String, number: Int) {
        self.characters = characters
        self.file = file
        self.number = number
    }

    mutating func line() throws(Diagnostic) -> Line? {
        var tokens: [Token] = []
        skipBlanks()
        let start = index
        while index < characters.count, characters[index] != "#" {
            tokens.append(try token())
            skipBlanks()
        }
        guard !tokens.isEmpty else { return nil }
        var text = characters[start..<index]
        while text.last?.isWhitespace == true { text.removeLast() }
        return Line(
            file: file, number: number, isIndented: start > 0, tokens: tokens,
            text: String(text), endColumn: text.endIndex + 1)
    }

    private mutating func skipBlanks() {
        while index < characters.count, characters[index].isWhitespace { index += 1 }
    }

    private mutating func token() throws(Diagnostic) -> Token {
        let column = index + 1
        if isArrow(at: index) {
            index += 2
            return Token(kind: .arrow, column: column)
        }
        if let sign = Self.signs[characters[index]] {
            index += 1
            return Token(kind: sign, column: column)
        }
        if characters[index] == "\"" { return Token(kind: .text(try text()), column: column) }
        let start = index
        while index < characters.count, isWordCharacter(index) { index += 1 }
        return Token(kind: .word(String(characters[start..<index])), column: column)
    }

    private static let signs: [Character: Token.Kind] = [
        "=": .equals, ",": .comma, "|": .bar, ":": .colon,
    ]

    private func isArrow(at place: Int) -> Bool {
        place + 1 < characters.count && characters[place] == "-" && characters[place + 1] == ">"
    }

    private func isWordCharacter(_ place: Int) -> Bool {
        let character = characters[place]
        return !character.isWhitespace && character != "#" && character != "\""
            && Self.signs[character] == nil && !isArrow(at: place)
    }

    /// `\"` and `\\` stand for themselves.
    private mutating func text() throws(Diagnostic) -> String {
        let start = index
        index += 1
        var text = ""
        while index < characters.count {
            let character = characters[index]
            index += 1
            if character == "\"" { return text }
            if character == "\\" {
                guard index < characters.count, "\"\\".contains(characters[index]) else {
                    throw Diagnostic(
                        SourcePosition(file: file, line: number, column: index),
                        expected: "\\\" or \\\\ in a text", found: "'\\'")
                }
                text.append(characters[index])
                index += 1
            } else {
                text.append(character)
            }
        }
        throw Diagnostic(
            SourcePosition(file: file, line: number, column: start + 1),
            expected: "a closing quotation mark", found: "the end of the line")
    }
}

/// A line of a scenario file, split into tokens. Empty lines and comments give none.
struct Line: Sendable {
    let file: String
    let number: Int
    /// It begins with a blank, and so belongs to the block above.
    let isIndented: Bool
    let tokens: [Token]
    /// The line without the comment and the blanks around it.
    let text: String
    /// The column after the last character.
    let endColumn: Int

    func position(_ column: Int) -> SourcePosition {
        SourcePosition(file: file, line: number, column: column)
    }
}

/// A word, a text or a sign of a line.
struct Token: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// Names, keywords and numbers. The place decides which it is.
        case word(String)
        /// Between quotation marks, without them.
        case text(String)
        case arrow
        case equals
        case comma
        case bar
        case colon
    }

    let kind: Kind
    /// From 1.
    let column: Int

    /// The token's name in a fault.
    var description: String {
        switch kind {
        case .word(let word): "'\(word)'"
        case .text(let text): "\"\(text)\""
        case .arrow: "'->'"
        case .equals: "'='"
        case .comma: "','"
        case .bar: "'|'"
        case .colon: "':'"
        }
    }
}
