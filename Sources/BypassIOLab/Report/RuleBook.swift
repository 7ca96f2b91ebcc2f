/// The rules that scenarios prove, from a text with one rule a line: `4.3.1 WHAT IT SAYS`.
/// `# 4.3 TITLE` begins a section; other lines that begin with `#` are comments.
public struct RuleBook: Sendable {
    public struct Rule: Sendable, Equatable {
        public let number: RuleNumber
        public let text: String
    }

    public struct Section: Sendable {
        public let number: String
        public let title: String
        public fileprivate(set) var rules: [Rule]
    }

    public let sections: [Section]

    public var rules: [Rule] { sections.flatMap(\.rules) }

    /// - Parameters:
    ///   - source: the text.
    ///   - file: the file's name, for ``SourcePosition``.
    /// - Throws: every fault found.
    public init(parsing source: String, file: String) throws(Diagnostics) {
        var sections: [Section] = []
        var faults: [Diagnostic] = []
        var known: Set<RuleNumber> = []
        let lines = source.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            let position = SourcePosition(file: file, line: index + 1, column: 1)
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            if line.hasPrefix("#") {
                if words.count == 3, words[1].first?.isNumber == true {
                    sections.append(Section(number: words[1], title: words[2], rules: []))
                }
                continue
            }
            guard let number = RuleNumber(words[0]), words.count > 1 else {
                faults.append(
                    Diagnostic(
                        position, expected: "the number of a rule and what it says",
                        found: "'\(words[0])'"))
                continue
            }
            guard let last = sections.last, last.number == number.section,
                known.insert(number).inserted
            else {
                faults.append(
                    Diagnostic(
                        position, expected: "a new number of the section above",
                        found: "'\(number)'"))
                continue
            }
            let text = words.dropFirst().joined(separator: " ")
            sections[sections.count - 1].rules.append(Rule(number: number, text: text))
        }
        guard faults.isEmpty else { throw Diagnostics(faults) }
        self.sections = sections
    }
}
