/// Splits a source file into tokens, so that no rule takes a brace in a string or a word in a
/// comment for code. It understands comments (Swift's nest), strings of one line and of several,
/// raw strings, and interpolations, whose content is code again.
struct Scanner {
    enum Language { case swift, c }

    private let bytes: [UInt8]
    private let language: Language
    private var position = 0
    private var line = 1
    private var lineOfLastToken = 0
    private(set) var tokens: [Token] = []
    /// Lines that a string literal touches, and lines that a comment touches.
    private(set) var linesOfStrings: Set<Int> = []
    private(set) var linesOfComments: Set<Int> = []

    init(_ text: String, language: Language = .swift) {
        bytes = Array(text.utf8)
        self.language = language
        scanCode(ofInterpolation: false)
    }

    private func byte(_ ahead: Int = 0) -> UInt8 {
        position + ahead < bytes.count ? bytes[position + ahead] : 0
    }

    /// Scans to the end, or to the parenthesis that closes an interpolation.
    private mutating func scanCode(ofInterpolation: Bool) {
        var open = 0
        while position < bytes.count {
            switch byte() {
            case .newline, .blank, .tab, .return:
                step()
            case .slash where byte(1) == .slash:
                skipLineComment()
            case .slash where byte(1) == .star:
                skipBlockComment()
            case .quote:
                scanString(pounds: 0)
            case .pound where language == .swift && poundsBeforeQuote() > 0:
                let pounds = poundsBeforeQuote()
                position += pounds
                scanString(pounds: pounds)
            case .apostrophe where language == .c:
                skipCharacter()
            case .openParenthesis:
                open += 1
                addSign()
            case .closeParenthesis:
                if ofInterpolation && open == 0 { return position += 1 }
                open -= 1
                addSign()
            case let other where other.isOfWord:
                scanWord()
            default:
                addSign()
            }
        }
    }

    private mutating func step() {
        if byte() == .newline { line += 1 }
        position += 1
    }

    private mutating func add(_ kind: Token.Kind, _ text: String, line: Int) {
        tokens.append(
            Token(kind: kind, text: text, line: line, beginsLine: line != lineOfLastToken))
        lineOfLastToken = line
    }

    private mutating func addSign() {
        add(.sign, String(UnicodeScalar(byte())), line: line)
        position += 1
    }

    private mutating func scanWord() {
        let start = position
        while byte().isOfWord { position += 1 }
        add(.word, text(start..<position), line: line)
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    private mutating func skipLineComment() {
        linesOfComments.insert(line)
        while position < bytes.count && byte() != .newline { position += 1 }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            linesOfComments.insert(line)
            if byte() == .slash && byte(1) == .star && (depth == 0 || language == .swift) {
                depth += 1
                position += 2
            } else if byte() == .star && byte(1) == .slash {
                depth -= 1
                position += 2
            } else {
                step()
            }
        } while depth > 0 && position < bytes.count
    }

    private mutating func skipCharacter() {
        position += byte(1) == .backslash ? 3 : 2
        while byte() != .apostrophe && byte() != .newline && position < bytes.count {
            position += 1
        }
        position += 1
    }
}

/// String literals.
extension Scanner {
    private func poundsBeforeQuote() -> Int {
        var count = 0
        while byte(count) == .pound { count += 1 }
        return byte(count) == .quote ? count : 0
    }

    /// Begins at the opening quote.
    private mutating func scanString(pounds: Int) {
        let first = line
        let quotes = language == .swift && byte(1) == .quote && byte(2) == .quote ? 3 : 1
        position += quotes
        var content: [UInt8] = []
        while position < bytes.count && !isEnd(quotes: quotes, pounds: pounds) {
            linesOfStrings.insert(line)
            if byte() == .backslash && hasPounds(pounds, after: 1) {
                scanEscape(pounds: pounds, into: &content)
            } else if byte() == .newline && quotes == 1 {
                break
            } else {
                content.append(byte())
                step()
            }
        }
        linesOfStrings.insert(line)
        if isEnd(quotes: quotes, pounds: pounds) { position += quotes + pounds }
        add(.string, String(decoding: content, as: UTF8.self), line: first)
    }

    private mutating func scanEscape(pounds: Int, into content: inout [UInt8]) {
        position += 1 + pounds
        if language == .swift && byte() == .openParenthesis {
            position += 1
            scanCode(ofInterpolation: true)
        } else {
            content.append(byte())
            step()
        }
    }

    private func isEnd(quotes: Int, pounds: Int) -> Bool {
        for index in 0..<quotes where byte(index) != .quote { return false }
        return hasPounds(pounds, after: quotes)
    }

    private func hasPounds(_ pounds: Int, after offset: Int) -> Bool {
        for index in 0..<pounds where byte(offset + index) != .pound { return false }
        return true
    }
}

extension UInt8 {
    fileprivate static let newline = UInt8(ascii: "\n")
    fileprivate static let `return` = UInt8(ascii: "\r")
    fileprivate static let tab = UInt8(ascii: "\t")
    fileprivate static let blank = UInt8(ascii: " ")
    fileprivate static let slash = UInt8(ascii: "/")
    fileprivate static let star = UInt8(ascii: "*")
    fileprivate static let quote = UInt8(ascii: "\"")
    fileprivate static let pound = UInt8(ascii: "#")
    fileprivate static let apostrophe = UInt8(ascii: "'")
    fileprivate static let backslash = UInt8(ascii: "\\")
    fileprivate static let openParenthesis = UInt8(ascii: "(")
    fileprivate static let closeParenthesis = UInt8(ascii: ")")

    /// Whether a character belongs to an identifier, a keyword or a number. Backticks belong to the
    /// identifier they quote, so that `init` in backticks is no initializer.
    fileprivate var isOfWord: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "`"), 0x80...:
            true
        default: false
        }
    }
}
