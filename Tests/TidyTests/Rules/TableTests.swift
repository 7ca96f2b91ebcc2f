import Testing

/// Markdown shows each table of the documents as a table.
struct TableTests {
    /// Lines of a table, outside of code blocks, that lack the line of dashes which makes them a
    /// table.
    private static func headless(_ lines: [Substring]) -> [Int] {
        var found: [Int] = []
        var isInBlock = false
        var rows = 0
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("```") { isInBlock.toggle() }
            rows = line.hasPrefix("|") && !isInBlock ? rows + 1 : 0
            if rows == 2 && !line.hasPrefix("| ---") { found.append(index) }
            if rows == 1 && !(index + 1 < lines.count && lines[index + 1].hasPrefix("|")) {
                found.append(index + 1)
            }
        }
        return found
    }

    /// Rows that have another number of cells than the first row of their table.
    private static func uneven(_ lines: [Substring]) -> [Int] {
        var found: [Int] = []
        var isInBlock = false
        var columns = 0
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("```") { isInBlock.toggle() }
            guard line.hasPrefix("|") && !isInBlock else {
                columns = 0
                continue
            }
            let cells = cells(of: line)
            if columns == 0 { columns = cells }
            if cells != columns { found.append(index + 1) }
        }
        return found
    }

    /// A bar after a backslash belongs to the text.
    private static func cells(of line: Substring) -> Int {
        line.replacing("\\|", with: "").count { $0 == "|" } - 1
    }

    @Test("a table has a head, and each row as many cells")
    func tables() {
        var findings: [Finding] = []
        for document in Tree.own.documents {
            findings += Self.headless(document.lines).map { line in
                Finding(
                    path: document.path, line: line, fault: "the table has no head",
                    remedy: "Take the empty line before it away, or give it a head.")
            }
            findings += Self.uneven(document.lines).map { line in
                Finding(
                    path: document.path, line: line,
                    fault: "the row has another number of cells than the table's head",
                    remedy: "Add or take away cells; a bar within a cell is written \\|.")
            }
        }
        expectNone(findings)
    }

    /// A reader learns so many words, and no more.
    @Test("the glossary has at most thirty words")
    func glossary() throws {
        let house = try #require(Tree.own.documents.first { $0.path == "docs/architecture.md" })
        let words = house.lines.drop { $0 != "## Words" }.dropFirst()
            .prefix { !$0.hasPrefix("## ") }.filter { $0.hasPrefix("| ") }
        // The head and its dashes are two lines.
        #expect(words.count > 2 && words.count <= 32, "\(words.count - 2) words")
    }

    @Test("broken tables are found")
    func found() {
        let whole: [Substring] = [
            "| a | b |", "| --- | --- |", "| `c\\|d` | e |", "", "```", "| f", "```",
        ]
        #expect(Self.headless(whole).isEmpty && Self.uneven(whole).isEmpty)
        #expect(Self.headless(whole[..<2] + ["", "| g | h |"]) == [4])
        #expect(Self.uneven(whole[..<2] + ["| g |"]) == [3])
    }
}
