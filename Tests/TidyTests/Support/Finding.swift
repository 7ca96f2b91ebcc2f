import Testing

/// A place where the tree breaks a rule.
struct Finding: Hashable, Sendable {
    let path: String
    /// 0: the whole file, or the tree.
    var line = 0
    /// The rule, and how the place breaks it.
    let fault: String
    let remedy: String
    /// Identifies the finding in a list of known findings, without its line.
    var key = ""

    var place: String { line == 0 ? path : "\(path):\(line)" }
}

/// Fails the test once for each finding.
func expectNone(_ findings: [Finding]) {
    for finding in findings {
        Issue.record(
            "\(finding.place): \(finding.fault). \(finding.remedy)",
            sourceLocation: SourceLocation(
                fileID: "TidyTests/\(finding.path)", filePath: "\(Tree.root)/\(finding.path)",
                line: max(finding.line, 1), column: 1))
    }
}

/// Findings that a rule knows. The list can only shrink: a new finding fails, and so does an entry
/// whose finding is gone.
struct KnownFindings {
    /// The file that holds the list.
    let path: String
    let keys: [String]

    init(_ keys: [String], path: String = #filePath) {
        self.keys = keys
        self.path = Tree.relative(path)
    }

    func expectExactly(_ findings: [Finding]) {
        let known = Set(keys)
        expectNone(findings.filter { !known.contains($0.key) })
        let found = Set(findings.map(\.key))
        expectNone(
            keys.filter { !found.contains($0) }.map { key in
                Finding(
                    path: path, fault: "stale: the list names \"\(key)\", which is gone",
                    remedy: "Take it out of the list.")
            })
    }
}
