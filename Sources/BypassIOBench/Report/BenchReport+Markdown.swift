extension BenchReport {
    /// The tables, and the command that makes them again.
    package var markdown: String {
        var lines = ["# bypassio bench", ""]
        for warning in warnings { lines += ["**\(Self.escaped(warning))**", ""] }
        lines += ["```sh", settings.command, "```", ""]
        for line in header { lines += [Self.escaped(line), ""] }
        lines += [
            "Each figure is the median of the rounds; \"of native\" is the route's operations per second "
                + "divided by the backing directory's in the same round, with the smallest and the "
                + "largest round beside it.", "",
        ]
        for result in results { lines += result.markdownLines + [""] }
        lines += ["## How it was measured", ""]
        lines += notes.map { "- \(Self.escaped($0))" }
        lines += leftOut.map { left in
            let place = left.workload.map { " (\($0))" } ?? ""
            return
                "- Left out: \(Self.escaped(left.route.title + place)): \(Self.escaped(left.reason))"
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// As plain text: names and messages come from outside.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.onLineOfItsOwn {
            if "\\`*_|<>#[]".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}

extension BenchReport.Result {
    fileprivate var markdownLines: [String] {
        let titles = ["route"] + Self.columns
        var lines = ["## \(BenchReport.escaped(title))", ""]
        lines.append("| " + titles.map(BenchReport.escaped).joined(separator: " | ") + " |")
        lines.append("| --- |" + String(repeating: " ---: |", count: titles.count - 1))
        for row in rows {
            let cells = [row.route.title] + row.cells
            lines.append("| " + cells.map(BenchReport.escaped).joined(separator: " | ") + " |")
        }
        return lines
    }
}

extension String {
    fileprivate var onLineOfItsOwn: String {
        split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
