/// A line of a profile, taken apart into words.
///
/// Words end at blanks. In quotes blanks are part of a word. A backslash and what follows stay
/// together, for the pattern that they are part of. A `#` that begins a word begins a comment.
struct PolicyLine {
    struct Word {
        /// Without quotes.
        let text: String
        /// From 1.
        let column: Int
        /// It began with a quote, so that it is a pattern whatever it looks like.
        let isQuoted: Bool
    }

    private let characters: [Character]
    private let number: Int
    private var place = 0
    /// Of the words, as they are written.
    private var written: [Range<Int>] = []

    init(_ line: some StringProtocol, number: Int) {
        characters = Array(line)
        self.number = number
    }

    /// The line's words as they are written, a blank between them; after ``words()``.
    var text: String { written.map { String(characters[$0]) }.joined(separator: " ") }

    mutating func words() throws(PolicyProfileError) -> [Word] {
        var words: [Word] = []
        while true {
            while place < characters.count, characters[place].isBlank { place += 1 }
            guard place < characters.count, characters[place] != "#" else { return words }
            let start = place
            words.append(try word())
            written.append(start..<place)
        }
    }

    private mutating func word() throws(PolicyProfileError) -> Word {
        let start = place
        var text = ""
        var quote: Int?
        while place < characters.count {
            let character = characters[place]
            if quote == nil, character.isBlank { break }
            place += 1
            switch character {
            case "\"": quote = quote == nil ? place : nil
            case "\\" where place < characters.count:
                text.append(character)
                text.append(characters[place])
                place += 1
            default: text.append(character)
            }
        }
        if let quote { throw error(quote, "a quote that does not end; expected a second \"") }
        return Word(text: text, column: start + 1, isQuoted: characters[start] == "\"")
    }

    private func error(_ column: Int, _ message: String) -> PolicyProfileError {
        PolicyProfileError(line: number, column: column, message: message)
    }
}

extension Character {
    fileprivate var isBlank: Bool { self == " " || self == "\t" || self == "\r" }
}
