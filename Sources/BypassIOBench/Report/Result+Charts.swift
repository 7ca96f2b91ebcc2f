import Terminal

extension BenchReport.Row {
    /// The row's value on a chart: MB/s if data is moved, otherwise operations a second.
    func speed(of result: BenchReport.Result) -> Spread? {
        result.movesData ? megabytesPerSecond : operationsPerSecond
    }
}

extension BenchReport.Result {
    var bars: [BarChart.Bar] {
        rows.compactMap { row in
            guard let speed = row.speed(of: self) else { return nil }
            return BarChart.Bar(
                label: row.route.title, style: row.route.style, value: speed,
                remark: row.throughputRatio.map { "\(Figures.fixed($0.median, 2)) ×" } ?? "")
        }
    }

    var curves: [LatencyChart.Line] {
        var peers = 0
        return rows.compactMap { row in
            guard row.route.isDrawnAsCurve, row.distribution.count > 1 else { return nil }
            var style = row.route.style
            if row.route.kind == .peer {
                // Peers have one colour, each with dashes of its own.
                peers += 1
                style += " peer\(min(peers, 4))"
            }
            return LatencyChart.Line(
                label: row.route.title, style: style,
                points: row.distribution.map { ($0.microseconds * 1000, $0.part) })
        }
    }

    /// nil if no route has several numbers of filters.
    var filterCostChart: FilterCostChart? {
        let kinds: [(kind: RouteDescription.Kind, label: String, style: String)] = [
            (.inProcessTraditional, "in process, traditional", "stack"),
            (.inProcessBypass, "in process, bypass", "inprocess"),
            (.mountTraditional, "mount, traditional", "mount"),
            (.mountServiceBypass, "mount, service bypass", "service"),
            (.mountKernel, "mount, kernel route", "kernel"),
        ]
        let lines = kinds.compactMap { entry -> FilterCostChart.Line? in
            let points = rows.compactMap { row -> (filters: Int, value: Spread)? in
                guard row.route.kind == entry.kind, let filters = row.route.filters,
                    let cost = row.ownCPU
                else { return nil }
                return (filters, cost)
            }
            guard !points.isEmpty else { return nil }
            return FilterCostChart.Line(
                label: entry.label, style: entry.style,
                points: points.sorted { $0.filters < $1.filters })
        }
        guard ["4k-1", "4k-32"].contains(workload), lines.contains(where: { $0.points.count > 1 })
        else { return nil }
        return FilterCostChart(
            id: "filters-\(workload)", title: title, unit: "CPU µs per \(operation)", lines: lines,
            native: native?.ownCPU?.median)
    }

    var htmlTable: String {
        let titles = (["route"] + Self.columns).map {
            "<th scope=\"col\">\(Markup.escaped($0))</th>"
        }
        let lines = rows.map { row in
            let cells = ([row.route.title] + row.cells).map { "<td>\(Markup.escaped($0))</td>" }
            return "<tr>\(cells.joined())</tr>"
        }
        return """
            <table>
            <thead><tr>\(titles.joined())</tr></thead>
            <tbody>
            \(lines.joined(separator: "\n"))
            </tbody>
            </table>
            """
    }
}

extension RouteDescription {
    /// The style sheet's class for its colour.
    var style: String {
        switch kind {
        case .native: "native"
        case .fio: "fio"
        case .inProcessBypass: "inprocess"
        case .inProcessTraditional: "stack"
        case .mountTraditional: filters == 0 ? "mount" : "mount8"
        case .mountServiceBypass: "service"
        case .mountKernel: filters == 0 ? "kernel" : "kernel8"
        case .peer: "peer"
        }
    }

    /// Whether its latencies are drawn. Only a few are: more lines cannot be told apart.
    var isDrawnAsCurve: Bool {
        switch kind {
        case .native, .inProcessBypass, .mountServiceBypass, .peer: true
        case .fio, .inProcessTraditional: false
        case .mountTraditional, .mountKernel: filters == 0 || filters == 8
        }
    }
}
