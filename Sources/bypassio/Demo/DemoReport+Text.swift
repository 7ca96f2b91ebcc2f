import Terminal

extension DemoReport {
    var lines: [String] {
        header + [""] + before.fsutilLines(path: path, verbose: true) + [""] + proofLines + [""]
            + table + [""] + comparisonLines + costLines + [""] + verdictLines + mounted.lines
    }

    private var header: [String] {
        [
            "Volume: \(path), \(bytes >> 20) MiB on \(fileSystem) over \(storageDriver)",
            "Reads:  \(engine)",
            "Filters, top to bottom: "
                + filters.map { "\($0.name) (\($0.altitude))" }.joined(separator: ", "),
        ]
    }

    private var proofLines: [String] {
        proofs.map { proof in
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
                    + [row.filterCallbacksRun.map(Figures.grouped) ?? "-"]
                    + names.map { row.readsSeenByFilter?[$0].map(Figures.grouped) ?? "-" }
                    + [row.readsSeenByVolumeDriver.map(Figures.grouped) ?? "-"])
        }
        return table.lines
    }

    /// Ratios of what was measured side by side.
    private var comparisonLines: [String] {
        let workloads = rows.map(\.workload).reduce(into: [String]()) {
            if !$0.contains($1) { $0.append($1) }
        }
        let lines = workloads.compactMap { workload -> String? in
            guard let bypass = row("bypass", workload), let fio = row("fio io_uring", workload)
            else { return nil }
            let speed = bypass.readsPerSecond / fio.readsPerSecond
            let cost = bypass.cpuMicrosecondsPerRead / fio.cpuMicrosecondsPerRead
            return "Bypass against fio, \(workload): \(Figures.fixed(speed, 2)) of its reads/s, "
                + "\(Figures.fixed(cost, 2)) times its CPU per read"
        }
        return lines + (fioNote.map { [$0] } ?? [])
    }

    private func row(_ route: String, _ workload: String) -> Row? {
        rows.first { $0.route == route && $0.workload == workload }
    }

    private var costLines: [String] {
        var table = TextTable([
            ("no-op filters", .right), ("traditional CPU us/read", .right),
            ("bypass CPU us/read", .right),
        ])
        for cost in filterCosts {
            table.append([
                String(cost.noOpFilters), Figures.fixed(cost.traditionalCPUMicroseconds, 2),
                Figures.fixed(cost.bypassCPUMicroseconds, 2),
            ])
        }
        return ["", "The same random reads past filters that do nothing, without those above:"]
            + table.lines + perFilterLines
    }

    private var perFilterLines: [String] {
        guard let none = filterCosts.first, let most = filterCosts.last,
            most.noOpFilters > none.noOpFilters
        else { return [] }
        func slope(_ figure: (Cost) -> Double) -> String {
            let added = (figure(most) - figure(none)) * 1000
            return Figures.fixed(added / Double(most.noOpFilters - none.noOpFilters), 0)
        }
        return [
            "Each adds \(slope(\.traditionalCPUMicroseconds)) ns of CPU to a traditional read and "
                + "\(slope(\.bypassCPUMicroseconds)) ns to a bypassed one."
        ]
    }

    private var verdictLines: [String] {
        ["While the volume driver volmeter measures:"]
            + partial.fsutilLines(path: path, verbose: true) + [""]
            + ["While readaudit must see every read:"]
            + vetoed.fsutilLines(path: path, verbose: true)
    }
}
