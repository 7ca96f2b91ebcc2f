/// Columns of text, numbers to the right.
package struct TextTable {
    package enum Alignment { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]]

    package init(_ columns: [(title: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        rows = [columns.map(\.title)]
    }

    package mutating func append(_ row: [String]) {
        precondition(row.count == alignments.count)
        rows.append(row)
    }

    /// The title row, a rule, and the rows; no trailing spaces.
    package var lines: [String] {
        let widths = alignments.indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        var lines = rows.map { row in
            zip(row, zip(widths, alignments)).map { text, column in
                let padding = String(repeating: " ", count: column.0 - text.count)
                return column.1 == .left ? text + padding : padding + text
            }.joined(separator: "  ").trimmingEnd()
        }
        let rule = widths.map { String(repeating: "-", count: $0) }.joined(separator: "  ")
        lines.insert(rule, at: 1)
        return lines
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var text = Substring(self)
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
