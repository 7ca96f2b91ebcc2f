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
