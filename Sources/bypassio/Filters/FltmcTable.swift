/// Columns as `fltmc` prints them: a title, a rule of the column's width at least, and two blanks
/// between columns.
struct FltmcTable {
    private let columns: [(title: String, width: Int, isRight: Bool)]
    private var rows: [[String]] = []

    init(_ columns: [(title: String, width: Int, isRight: Bool)]) { self.columns = columns }

    static let filters = FltmcTable([
        ("Filter Name", 30, false), ("Num Instances", 13, true), ("Altitude", 12, true),
        ("Frame", 5, true),
    ])

    static let countedFilters = FltmcTable(
        filters.columns + [
            ("BypassIO", 9, false), ("Pre Callbacks", 13, true), ("Post Callbacks", 14, true),
        ])

    static let instances = FltmcTable([
        ("Filter", 20, false), ("Volume Name", 37, false), ("Altitude", 12, true),
        ("Instance Name", 22, false), ("Frame", 5, true), ("SprtFtrs", 8, true),
        ("VlStatus", 8, false),
    ])

    static let volumes = FltmcTable([
        ("Mount Point", 30, false), ("Volume Name", 37, false), ("FileSystem", 10, false),
        ("Status", 8, false),
    ])

    mutating func append(_ row: [String]) { rows.append(row) }

    /// No trailing blanks.
    var lines: [String] {
        let widths = columns.indices.map { column in
            max(columns[column].width, rows.map { $0[column].count }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            let padded = columns.indices.map { column in
                let blanks = String(
                    repeating: " ", count: max(0, widths[column] - cells[column].count))
                return columns[column].isRight ? blanks + cells[column] : cells[column] + blanks
            }
            var text = Substring(padded.joined(separator: "  "))
            while text.last == " " { text.removeLast() }
            return String(text)
        }
        let rules = widths.map { String(repeating: "-", count: $0) }
        return [line(columns.map(\.title)), line(rules)] + rows.map(line)
    }
}
