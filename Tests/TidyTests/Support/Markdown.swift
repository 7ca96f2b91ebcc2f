/// Links, code and headings of a document.
struct Markdown {
    struct Piece {
        let text: String
        let line: Int
    }

    /// Targets of links, as written.
    private(set) var links: [Piece] = []
    /// Texts between backticks.
    private(set) var spans: [Piece] = []
    /// Lines of code blocks.
    private(set) var code: [Piece] = []
    /// In the form that GitHub gives them.
    private(set) var anchors: Set<String> = []

    init(_ text: String) {
        var isInBlock = false
        /// A link or a span may continue in the next line, within a paragraph.
        var paragraph: [Piece] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let piece = Piece(text: String(line), line: index + 1)
            if line.hasPrefix("```") {
                isInBlock.toggle()
                read(&paragraph)
            } else if isInBlock {
                code.append(piece)
            } else if line.isEmpty {
                read(&paragraph)
            } else {
                if line.hasPrefix("#") { addAnchor(line.drop { $0 == "#" || $0 == " " }) }
                paragraph.append(piece)
            }
        }
        read(&paragraph)
    }

    private mutating func read(_ paragraph: inout [Piece]) {
        var span: Piece?
        var last: Character = " "
        var link: Piece?
        for piece in paragraph {
            for character in piece.text + " " {
                if character == "`" && link == nil {
                    if let ended = span { spans.append(ended) }
                    span = span == nil ? Piece(text: "", line: piece.line) : nil
                } else if let open = span {
                    span = Piece(text: open.text + String(character), line: open.line)
                } else if let open = link {
                    link =
                        character == ")"
                        ? nil : Piece(text: open.text + String(character), line: open.line)
                    if character == ")" { links.append(open) }
                } else if character == "(" && last == "]" {
                    link = Piece(text: "", line: piece.line)
                }
                last = character
            }
        }
        paragraph = []
    }

    private mutating func addAnchor(_ heading: Substring) {
        let kept = heading.lowercased().filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }
        let name = kept.replacing(" ", with: "-")
        var number = 1
        var unique = name
        while !anchors.insert(unique).inserted {
            unique = "\(name)-\(number)"
            number += 1
        }
    }
}

extension TreeFile {
    var markdown: Markdown { Markdown(text) }
}
