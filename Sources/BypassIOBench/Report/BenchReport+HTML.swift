import Terminal

extension BenchReport {
    /// A page that needs no other file: charts, tables, and how it was measured. It is well-formed
    /// XML, too.
    package var html: String {
        """
        <!DOCTYPE html>
        <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title>bypassio bench</title>
        <style>
        \(PageStyle.sheet)
        </style>
        </head>
        <body>
        <main>
        \(([opening, tiles] + results.map(section) + [filterCosts, ending]).filter { !$0.isEmpty }
            .joined(separator: "\n"))
        </main>
        </body>
        </html>

        """
    }

    private var opening: String {
        let lines = header.map { "<p class=\"soft\">\(Markup.escaped($0))</p>" }
        let warnings = warnings.map { "<p class=\"warning\">\(Markup.escaped($0))</p>\n" }
        return """
            \(warnings.joined())<h1>Every route of a read, side by side</h1>
            \(lines.joined(separator: "\n"))
            <p>Bars are medians of \(settings.rounds) round\(settings.rounds == 1 ? "" : "s"), whiskers the \
            smallest and the largest round. The dashed line is the backing directory itself, read in the \
            same rounds by the same reader: the limit.</p>
            """
    }

    // MARK: Tiles

    /// The answer to the first question: each route's share of native.
    private var tiles: String {
        let wanted: [(workload: String, kind: RouteDescription.Kind, filters: Int?, text: String)] =
            [
                ("4k-32", .mountKernel, 8, "kernel route with 8 filters, 4 KiB depth 32"),
                ("4k-32", .mountServiceBypass, 8, "service bypass past 8 filters, 4 KiB depth 32"),
                ("4k-32", .inProcessBypass, 8, "in-process bypass past 8 filters, 4 KiB depth 32"),
                (
                    "cached-sequential", .mountTraditional, 0,
                    "mount without filters, cached sequential"
                ),
            ]
        let found = wanted.compactMap { tile -> String? in
            let rows = results.first { $0.workload == tile.workload }?.rows ?? []
            let row = rows.first { $0.route.kind == tile.kind && $0.route.filters == tile.filters }
            guard let ratio = row?.throughputRatio else { return nil }
            return """
                <li><b>\(Figures.fixed(ratio.median, 2)) ×</b><span>of native: \
                \(Markup.escaped(tile.text))</span></li>
                """
        }
        return found.isEmpty ? "" : "<ul class=\"tiles\">\n\(found.joined(separator: "\n"))\n</ul>"
    }

    // MARK: Workloads

    private func section(_ result: Result) -> String {
        let bars = result.bars
        guard !bars.isEmpty else { return "" }
        let unit = result.movesData ? "MB/s" : "operations/s"
        let chart = BarChart(
            id: "bars-\(result.workload)", title: "\(result.title): throughput", unit: unit,
            bars: bars, native: result.native?.speed(of: result)?.median)
        let curves = result.curves
        let latencies = LatencyChart(
            id: "latency-\(result.workload)", title: "\(result.title): latency",
            subject: result.workload == "readdir" ? "listing" : result.operation, lines: curves)
        let name = Markup.escaped(result.title)
        return """
            <h2>\(name)</h2>
            <div class="card">
            <h3>Throughput, and its part of native</h3>
            <div class="picture">
            \(chart.svg)
            </div>
            <details>
            <summary>All figures of this workload</summary>
            <div class="figures">
            \(result.htmlTable)
            </div>
            </details>
            </div>
            """
                + (curves.isEmpty
                    ? ""
                    : """

                    <div class="card">
                    <h3>Latency: what part was done within which time</h3>
                    <div class="picture">
                    \(latencies.svg)
                    </div>
                    </div>
                    """)
    }

    // MARK: Filters

    private var filterCosts: String {
        let charts = results.compactMap { $0.filterCostChart }
        guard !charts.isEmpty else { return "" }
        let cards = charts.map { chart in
            """
            <div class="card">
            <h3>\(Markup.escaped(chart.title))</h3>
            <div class="picture">
            \(chart.svg)
            </div>
            </div>
            """
        }
        return """
            <h2>What filters cost</h2>
            <p>CPU time of a read, of the processes that read and serve, by the number of filters that look \
            at each read and do nothing. Traditional reads pass them all; bypassed reads pass none.</p>
            \(cards.joined(separator: "\n"))
            """
    }

    // MARK: The end

    private var ending: String {
        let left = leftOut.map { left in
            let place = left.workload.map { " (\($0))" } ?? ""
            return "Left out: \(left.route.title)\(place): \(left.reason)"
        }
        let items = (notes + left).map { "<li>\(Markup.escaped($0))</li>" }
        return """
            <h2>How it was measured</h2>
            <ul class="notes">
            \(items.joined(separator: "\n"))
            </ul>
            <p>Made by <code>\(Markup.escaped(settings.command))</code> in \(Figures.fixed(seconds, 0)) s.</p>
            """
    }
}
