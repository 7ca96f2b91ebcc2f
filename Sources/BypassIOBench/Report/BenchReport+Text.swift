import Terminal

extension BenchReport {
    /// The tables for a terminal.
    package var lines: [String] {
        warnings + header + results.flatMap { [""] + $0.lines } + endLines
    }

    package var header: [String] {
        let system = "\(machine.processors) x \(machine.processor), \(machine.memory) MiB"
        return [
            "Linux \(machine.kernel), \(system)",
            "\(machine.fileSystem) on \(machine.device); \(settings.rounds) "
                + (settings.rounds == 1 ? "round" : "rounds, medians"),
        ]
    }

    private var endLines: [String] {
        let left = leftOut.map { left in
            let place = left.workload.map { ", \($0)" } ?? ""
            return "Left out: \(left.route.title)\(place): \(left.reason)"
        }
        let all = left + notes
        return (all.isEmpty ? [] : [""] + all)
    }
}

extension RouteDescription {
    /// The name with the number of filters, if the route can have any.
    package var title: String {
        guard let filters else { return name }
        return "\(name), \(filters) filter\(filters == 1 ? "" : "s")"
    }
}

extension BenchReport.Result {
    package static let columns = [
        "MB/s", "op/s", "of native", "min..max", "p50 us", "p99 us", "p99.9 us", "own CPU us/op",
        "x native", "all CPU us/op", "x native", "switches/op", "syscalls/op",
    ]

    var lines: [String] {
        var table = TextTable(
            [(title, .left)] + Self.columns.map { ($0, .right) })
        for row in rows { table.append([row.route.title] + row.cells) }
        return table.lines + filterCost
    }

    /// The slope between no filters and the most filters, within this process.
    private var filterCost: [String] {
        let costs = rows.filter { $0.route.kind == .inProcessTraditional }.compactMap { row in
            row.route.filters.flatMap { count in row.ownCPU.map { (count: count, cpu: $0.median) } }
        }.sorted { $0.count < $1.count }
        guard let least = costs.first, let most = costs.last, most.count > least.count else {
            return []
        }
        let added = (most.cpu - least.cpu) * 1000 / Double(most.count - least.count)
        return [
            "Each filter adds \(Figures.fixed(added, 0)) ns of CPU to a traditional \(operation) in process."
        ]
    }
}

extension BenchReport.Row {
    /// In the order of the columns.
    package var cells: [String] {
        func fixed(_ spread: Spread?, _ digits: Int) -> String {
            spread.map { Figures.fixed($0.median, digits) } ?? "-"
        }
        return [
            fixed(megabytesPerSecond, 0),
            operationsPerSecond.map { Figures.grouped(Int($0.median)) } ?? "-",
            throughputRatio.map { Figures.fixed($0.median, 2) } ?? "limit",
            throughputRatio.map { Figures.fixed($0.min, 2) + ".." + Figures.fixed($0.max, 2) }
                ?? "",
            fixed(latency50, 1), fixed(latency99, 1), fixed(latency999, 1), fixed(ownCPU, 2),
            fixed(ownCPURatio, 2), fixed(systemCPU, 2), fixed(systemCPURatio, 2),
            fixed(contextSwitches, 2), fixed(systemCalls, 2),
        ]
    }
}

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
