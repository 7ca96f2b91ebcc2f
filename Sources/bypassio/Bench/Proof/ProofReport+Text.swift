import Terminal

extension ProofReport {
    var lines: [String] {
        header + [""] + before.fsutilLines(path: path, verbose: true) + [""] + comparisonLines
            + [""] + table + [""] + verdictLines
    }

    private var header: [String] {
        [
            "Proof:  \(path), \(bytes >> 20) MiB on \(fileSystem) over \(storageDriver)",
            "Reads:  \(engine)",
            "Filters, top to bottom: "
                + filters.map { "\($0.name) (\($0.altitude))" }.joined(separator: ", "),
        ]
    }

    private var comparisonLines: [String] {
        comparisons.map { proof in
            proof.isSame
                ? "Same bytes on every route: \(proof.workload), hash \(proof.bypass)"
                : "DIFFERENT BYTES: \(proof.workload): traditional \(proof.traditional), "
                    + "partial \(proof.partial), bypass \(proof.bypass)"
        }
    }

    private var table: [String] {
        let names = filters.map(\.name)
        var table = TextTable(
            [("route", .left), ("workload", .left), ("MB/s", .right), ("reads/s", .right)]
                + [("CPU us/read", .right), ("callbacks", .right)]
                + names.map { ($0, .right) } + [("volmeter", .right)])
        for row in rows {
            table.append(
                [row.route, row.workload]
                    + [Figures.fixed(row.megabytesPerSecond, 0)]
                    + [Figures.grouped(Int(row.readsPerSecond))]
                    + [Figures.fixed(row.cpuMicrosecondsPerRead, 2)]
                    + [Figures.grouped(row.filterCallbacksRun)]
                    + names.map { row.readsSeenByFilter[$0].map { Figures.grouped($0) } ?? "-" }
                    + [Figures.grouped(row.readsSeenByVolumeDriver)])
        }
        return table.lines
    }

    private var verdictLines: [String] {
        ["While the volume driver volmeter measures:"]
            + partial.fsutilLines(path: path, verbose: true) + [""]
            + ["While readaudit must see every read:"]
            + vetoed.fsutilLines(path: path, verbose: true)
    }
}
