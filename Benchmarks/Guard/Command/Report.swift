/// The comparison, as a text for people.
struct Report {
    private(set) var lines: [String] = []
    private(set) var failures = 0

    /// - Parameter compiler: the compiler of this machine, from ``Compiler/version()``.
    init(_ measured: Measurement, _ limits: Limits, compiler: String?) {
        // Counts of another compiler's instructions are not comparable.
        let isSameCompiler = compiler != nil && compiler == limits.compiler
        var compared = 0
        for figure in measured.figures
        where figure.name.kind != .instructions || isSameCompiler {
            compared += 1
            compare(figure, limits.lines[figure.name])
        }
        let known = Set(measured.figures.map(\.name))
        let gone = limits.lines.keys.filter { name in
            !known.contains(name) && !measured.gaps.contains { $0.covers(name) }
        }
        for name in gone.sorted(by: { $0.route < $1.route }) {
            fail("GONE      \(name.kind.rawValue) | \(name.route): has a limit, and is no more")
        }
        measured.gaps.forEach { tell($0) }
        if !isSameCompiler {
            lines.append(
                "skipped   instructions: the limits are of Swift \(limits.compiler ?? "unknown"), "
                    + "here is \(compiler ?? "no compiler to ask")")
        }
        lines.append("\(compared) figures compared, \(failures) failures")
        guard failures > 0 else { return }
        lines.append(
            "What exceeds its limit is a regression, or wanted. If it is wanted, and for what is stale, "
                + "`bypassio-guard --write` renews the limits; commit them with the reason.")
    }

    private mutating func fail(_ line: String) {
        failures += 1
        lines.append(line)
    }

    private mutating func compare(_ figure: Figure, _ limit: Limits.Line?) {
        let what = "\(figure.name.kind.rawValue) | \(figure.name.route)"
        let value = Figure.text(figure.value)
        guard let limit else { return fail("NO LIMIT  \(what): \(value)") }
        let range = limit.tolerance.range(around: limit.value)
        let text = "\(Figure.text(limit.value)) ± \(limit.tolerance)"
        // The stored figures are rounded to hundredths.
        if figure.value > range.upperBound + 0.005 {
            fail("EXCEEDED  \(what): \(value), the limit is \(text)")
        } else if figure.value < range.lowerBound - 0.005 {
            fail("STALE     \(what): \(value), the limit is \(text)")
        } else {
            lines.append("holds     \(what): \(value), the limit is \(text)")
        }
    }

    private mutating func tell(_ gap: Measurement.Gap) {
        let kinds = FigureKind.allCases.filter(gap.kinds.contains).map(\.rawValue)
        let route = gap.route.isEmpty ? "" : " | \(gap.route)"
        let what = "\(kinds.joined(separator: ", "))\(route): \(gap.reason)"
        if gap.isFailure { fail("FAILED    \(what)") } else { lines.append("skipped   \(what)") }
    }
}
