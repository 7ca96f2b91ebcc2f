/// A word, a sign or a literal of a source file; comments and blanks are none.
struct Token: Equatable, Sendable {
    enum Kind: Sendable {
        /// An identifier, a keyword or a number.
        case word
        /// A single character that is none of the others.
        case sign
        /// A string literal: its text without the quotes, interpolations left out.
        case string
    }

    let kind: Kind
    let text: String
    let line: Int
    /// No token stands before it in its line.
    let beginsLine: Bool

    func `is`(_ text: String) -> Bool { kind != .string && self.text == text }
}
