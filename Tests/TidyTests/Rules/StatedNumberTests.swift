import Testing

/// Numbers that documents state about the tree are right.
struct StatedNumberTests {
    private static let scenarios = Tree.own.files(below: "Scenarios").filter {
        $0.path.hasSuffix(".lab")
    }

    /// Fails unless `document` has a line with `text`.
    private static func expect(_ text: String, in document: String, counted: String) {
        let lines = Tree.own.file(document)?.lines ?? []
        if lines.contains(where: { $0.contains(text) }) { return }
        expectNone([
            Finding(
                path: document, fault: "it does not say \"\(text)\", but that is \(counted)",
                remedy: "Count again, or, if the sentence is gone, take it out of this test.")
        ])
    }

    private static func count(_ beginning: String) -> Int {
        scenarios.filter { $0.lines.contains { $0.hasPrefix(beginning) } }.count
    }

    @Test("scenarios and rules")
    func scenarios() {
        let all = Self.scenarios.count
        let rules = Tree.own.file("Scenarios/rules.txt")?.lines.filter {
            $0.first?.isNumber == true
        }
        let counted = "the count of Scenarios"
        Self.expect("\(all) short texts", in: "README.md", counted: counted)
        Self.expect(
            "\(all) scenarios, \(all - Self.count("only in process")) of them also on the mount, for "
                + "\(rules?.count ?? 0) rules. Known to fail: \(Self.count("known")).",
            in: "docs/conformance.md", counted: counted)
    }

    @Test("the tour has as many stops as its title says")
    func tour() throws {
        let lines = try #require(Tree.own.file("docs/TOUR.md")).lines
        let stops = lines.filter { $0.first?.isNumber == true && $0.contains(". [") }
        let words = ["eight", "nine", "ten", "eleven", "twelve"]
        #expect((8...12).contains(stops.count))
        Self.expect(
            "\(words[stops.count - 8]) files", in: "docs/TOUR.md",
            counted: "the number of its stops")
    }

    @Test("the table of targets has every target of Sources, and no other")
    func targets() throws {
        let path = "docs/architecture.md"
        let lines = try #require(Tree.own.file(path)).lines
        let start = try #require(lines.firstIndex { $0.hasPrefix("| target |") }) + 2
        let stated = lines[start...].prefix { $0.hasPrefix("|") }.enumerated().map { index, line in
            let name = line.split(separator: "`").dropFirst().first.map(String.init) ?? ""
            return (name: name, line: start + 1 + index)
        }
        let targets = Manifest.own.targets.filter { $0.folder.hasPrefix("Sources/") }.map(\.name)
        expectNone(
            stated.filter { !targets.contains($0.name) }.map {
                Finding(
                    path: path, line: $0.line, fault: "Package.swift has no target \($0.name)",
                    remedy: "Take its row out.")
            })
        expectNone(
            targets.filter { name in !stated.contains { $0.name == name } }.map {
                Finding(
                    path: path, fault: "the table of targets has no row for \($0)",
                    remedy: "Add it: its content, and the knowledge it must not have.")
            })
        #expect(
            stated.map(\.name) == targets, "\(path): the rows stand in the order of Package.swift")
    }

    @Test("each program that docs/testing.md has figures of is searched")
    func programs() throws {
        let document = try #require(Tree.own.file("docs/testing.md"))
        let source = try #require(Tree.own.file("Tests/Interleavings/Program.swift"))
        let programs = Set(source.tokens.filter { $0.kind == .string }.map(\.text))
        let lines = document.lines
        let start = try #require(lines.firstIndex { $0.hasPrefix("| program | states |") })
        expectNone(
            lines[(start + 2)...].prefix { $0.hasPrefix("|") }.enumerated().compactMap {
                index, line in
                let name = line.split(separator: "`").dropFirst().first.map(String.init) ?? ""
                guard !programs.contains(name) else { return nil }
                return Finding(
                    path: document.path, line: start + 3 + index,
                    fault: "no program of \(source.path) is called \(name)",
                    remedy: "Take its row out.")
            })
    }
}
