/// A word, a sign or a literal of a source file; comments and blanks make no token.
struct Token: Equatable, Sendable {
    enum Kind: Sendable {
        /// An identifier, a keyword or a number.
        case word
        /// Any other single character.
        case sign
        /// A string literal: its text without the quotes, interpolations left out.
        case string
    }

    let kind: Kind
    let text: String
    let line: Int
    /// Whether it is the first token of its line.
    let beginsLine: Bool

    func `is`(_ text: String) -> Bool { kind != .string && self.text == text }
}
