/// The table of rules, of the scenarios that prove them, and of their results; in Markdown.
public struct ConformanceTable: Sendable {
    /// A scenario with its results. nil on the mount: it was not run there, and counts as the file
    /// declares it.
    public struct Entry: Sendable {
        /// The path from the folder of the scenarios.
        public let path: String
        public let inProcess: ScenarioResult
        public let onMount: ScenarioResult?

        public init(path: String, inProcess: ScenarioResult, onMount: ScenarioResult?) {
            self.path = path
            self.inProcess = inProcess
            self.onMount = onMount
        }

        var scenario: Scenario { inProcess.scenario }
    }

    public let book: RuleBook
    public let entries: [Entry]

    public init(_ book: RuleBook, _ entries: [Entry]) {
        self.book = book
        self.entries = entries.sorted { $0.path < $1.path }
    }

    /// Rules that no scenario names.
    public var unproven: [RuleBook.Rule] {
        let proven = Set(entries.flatMap { $0.scenario.rules.map(\.value) })
        return book.rules.filter { !proven.contains($0.number) }
    }

    /// Rules that scenarios name and the book does not have, with their places.
    public var unknown: [Diagnostic] {
        let known = Set(book.rules.map(\.number))
        return entries.flatMap(\.scenario.rules).filter { !known.contains($0.value) }.map {
            Diagnostic(
                $0.position, expected: "a rule of the rule list", found: "'\($0.value)'")
        }
    }

    /// - Parameter folder: the path of the scenarios, from the table's place.
    public func markdown(folder: String) -> String {
        var lines = Self.introduction(folder)
        lines += ["", summary, ""]
        for section in book.sections {
            lines += ["## \(section.number) \(section.title)", ""]
            lines += ["| rule | | scenario | in process | on the mount |"]
            lines += ["| --- | --- | --- | --- | --- |"]
            for rule in section.rules { lines += rows(rule, folder) }
            lines.append("")
        }
        let reasons = remarks
        if !reasons.isEmpty { lines += ["## Remarks", ""] + reasons + [""] }
        return lines.joined(separator: "\n")
    }

    private static func introduction(_ folder: String) -> [String] {
        [
            "# Conformance", "",
            "Which scenario proves which rule of BypassIO, and how it went. Written by", "",
            "```sh", "bypassio lab conformance --mount --write docs/conformance.md Scenarios",
            "```",
            "",
            "from [the rule list](\(folder)/rules.txt) and the scenarios beside it. Rules 1 to 5 are",
            "Windows' own, as far as they are documented; 6 are this project's where Windows is silent.",
            "[The lab](lab.md) explains the language.",
        ]
    }

    private var summary: String {
        let mount = entries.filter { $0.scenario.onlyInProcess == nil }.count
        let known = entries.filter { $0.scenario.knownFailure != nil }.count
        return "\(entries.count) scenarios, \(mount) of them also on the mount, for "
            + "\(book.rules.count) rules. Known to fail: \(known)."
    }

    private func rows(_ rule: RuleBook.Rule, _ folder: String) -> [String] {
        let proofs = entries.filter { $0.scenario.rules.contains { $0.value == rule.number } }
        guard !proofs.isEmpty else { return ["| \(rule.number) | \(rule.text) | none | | |"] }
        return proofs.enumerated().map { index, entry in
            let head = index == 0 ? "\(rule.number) | \(rule.text)" : "|"
            let link = "[\(entry.scenario.title)](\(folder)/\(entry.path))"
            return "| \(head) | \(link) | \(Self.word(entry.inProcess)) | \(mountWord(entry)) |"
        }
    }

    private static func word(_ result: ScenarioResult) -> String {
        switch result.verdict {
        case .passed: "passes"
        case .failed: "**fails**"
        case .failedAsKnown: "known to fail"
        case .passedUnexpectedly: "**passes, though known to fail**"
        case .notRun: result.scenario.onlyOnMount == nil ? "not run" : "only on the mount"
        }
    }

    private func mountWord(_ entry: Entry) -> String {
        if entry.scenario.onlyInProcess != nil { return "only in process" }
        if let result = entry.onMount { return Self.word(result) }
        return entry.scenario.knownFailure?.concerns(mount: true) == true
            ? "known to fail" : "passes"
    }

    /// Why scenarios fail or stay in process.
    private var remarks: [String] {
        entries.flatMap { entry in
            let scenario = entry.scenario
            let remarks = [
                ("known to fail", scenario.knownFailure?.reason),
                ("only in process", scenario.onlyInProcess),
                ("only on the mount", scenario.onlyOnMount),
            ]
            return remarks.compactMap { what, reason in
                reason.map { "- \(scenario.title): \(what): \($0)" }
            }
        }
    }
}

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
