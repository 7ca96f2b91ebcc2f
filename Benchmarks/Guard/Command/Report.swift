/// The comparison, for people.
struct Report {
    private let measured: Measurement
    private let limits: Limits
    /// Why no instructions are compared; nil: they are.
    private let compilerGap: String?

    init(_ measured: Measurement, _ limits: Limits) {
        self.measured = measured
        self.limits = limits
        let here = Compiler.version()
        compilerGap =
            here == limits.compiler
            ? nil
            : "the limits are of Swift \(limits.compiler ?? "unknown"), "
                + "here is \(here ?? "no compiler to ask")"
    }

    /// Prints a line a figure and the verdict. Returns whether all hold.
    func print() -> Bool {
        var failures = 0
        var compared = 0
        for figure in measured.figures {
            if figure.name.kind == .instructions, compilerGap != nil { continue }
            compared += 1
            if !printVerdict(figure) { failures += 1 }
        }
        let known = Set(measured.figures.map(\.name))
        let missing = limits.lines.keys.filter { name in
            !known.contains(name) && !measured.gaps.contains { $0.covers(name) }
        }
        for name in missing.sorted(by: { $0.route < $1.route }) {
            Swift.print("GONE      \(name.kind.rawValue) | \(name.route): was not measured")
        }
        for gap in measured.gaps {
            let kinds = FigureKind.allCases.filter(gap.kinds.contains).map(\.rawValue)
            let what = kinds.joined(separator: ", ") + (gap.route.isEmpty ? "" : " | \(gap.route)")
            Swift.print("\(gap.isFailure ? "FAILED  " : "skipped ")  \(what): \(gap.reason)")
            if gap.isFailure { failures += 1 }
        }
        if let compilerGap { Swift.print("skipped   instructions: \(compilerGap)") }
        failures += missing.count
        Swift.print("\(compared) figures compared, \(failures) failures")
        if failures > 0 {
            Swift.print(
                "What exceeds its limit is a regression, or is wanted: then, as for what is stale, "
                    + "bypassio-guard --write renews the limits; commit them with the reason.")
        }
        return failures == 0
    }

    private func printVerdict(_ figure: Figure) -> Bool {
        let what = "\(figure.name.kind.rawValue) | \(figure.name.route)"
        let value = Figure.text(figure.value)
        guard let line = limits.lines[figure.name] else {
            Swift.print("NO LIMIT  \(what): \(value)")
            return false
        }
        let range = line.tolerance.range(around: line.value)
        let limit = "\(Figure.text(line.value)) ± \(line.tolerance)"
        // What is stored is rounded to hundredths.
        if figure.value > range.upperBound + 0.005 {
            Swift.print("EXCEEDED  \(what): \(value), the limit is \(limit)")
            return false
        }
        if figure.value < range.lowerBound - 0.005 {
            Swift.print("STALE     \(what): \(value), the limit is \(limit)")
            return false
        }
        Swift.print("holds     \(what): \(value) (\(limit))")
        return true
    }
}
