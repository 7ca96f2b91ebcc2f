import Terminal

/// What a working day took on each surface.
package struct DayReport: Encodable, Sendable {
    /// A surface that could not be had.
    package struct LeftOut: Encodable, Sendable {
        package let surface: String
        package let reason: String
    }

    /// A step on a surface.
    package struct Row: Encodable, Sendable {
        package let step: String
        package let title: String
        package let surface: String
        /// Of the rounds.
        package let seconds: Spread
        /// Times native, of the same round each; nil for native itself.
        package let timesNative: Spread?
        /// At most so many times native, for a guarded directory; nil where no goal is set.
        package let goal: Double?
    }

    package let command: String
    package let machine: Machine
    /// Of the whole run.
    package let seconds: Double
    package let rounds: Int
    /// Native first.
    package let surfaces: [String]
    package let rows: [Row]
    package let leftOut: [LeftOut]

    /// - Parameter times: nanoseconds of each step, by the surface, a round each.
    init(
        command: String, machine: Machine, seconds: Double, rounds: Int, surfaces: [String],
        times: [String: [[String: UInt64]]], leftOut: [LeftOut]
    ) {
        self.command = command
        self.machine = machine
        self.seconds = seconds
        self.rounds = rounds
        self.surfaces = surfaces
        self.leftOut = leftOut
        let native = surfaces.first.flatMap { times[$0] } ?? []
        rows = WorkingDay.steps.flatMap { step in
            surfaces.enumerated().compactMap { place, surface in
                let own = times[surface] ?? []
                let ratios = zip(own, native).compactMap { own, native -> Double? in
                    guard let own = own[step.name], let native = native[step.name] else {
                        return nil
                    }
                    return Double(own) / Double(max(1, native))
                }
                let seconds = own.compactMap { $0[step.name].map { Double($0) / 1e9 } }
                guard let spread = Spread(seconds) else { return nil }
                return Row(
                    step: step.name, title: step.title, surface: surface, seconds: spread,
                    timesNative: place == 0 ? nil : Spread(ratios),
                    goal: surface.hasPrefix("guard") ? step.goal : nil)
            }
        }
    }

    // MARK: For people

    private var titles: [String] {
        ["step", "native"] + surfaces.dropFirst() + ["goal of guard"]
    }

    /// A row for each step: native's time, and what the others took of it.
    private var cells: [[String]] {
        WorkingDay.steps.map { step in
            let own = rows.filter { $0.step == step.name }
            let native = own.first { $0.timesNative == nil }
            let others = surfaces.dropFirst().map { surface in
                own.first { $0.surface == surface }?.timesNative.map {
                    "\(Figures.fixed($0.median, 2)) ×"
                } ?? "-"
            }
            return [
                step.title,
                native.map { Figures.duration(nanoseconds: $0.seconds.median * 1e9) } ?? "-",
            ] + others + [step.goal.map { "≤ \(Figures.fixed($0, 2)) ×" } ?? ""]
        }
    }

    private var header: [String] {
        let system = "\(machine.processors) x \(machine.processor), \(machine.memory) MiB"
        return [
            "Linux \(machine.kernel), \(system)",
            "\(machine.fileSystem) on \(machine.device); \(rounds) "
                + (rounds == 1 ? "round" : "rounds, medians; times native of the same round"),
        ]
    }

    private var warnings: [String] {
        machine.otherLoad > 0.1
            ? [
                "Other programs take \(Figures.fixed(machine.otherLoad * 100, 0)) % of the "
                    + "processors: the figures are not to be trusted."
            ] : []
    }

    /// The table for a terminal.
    package var lines: [String] {
        var table = TextTable(titles.enumerated().map { ($1, $0 == 0 ? .left : .right) })
        for row in cells { table.append(row) }
        return warnings + header + [""] + table.lines
            + leftOut.map { "Left out: \($0.surface): \($0.reason)" }
    }

    /// The table, and the command that makes it again.
    package var markdown: String {
        var lines = ["# bypassio bench --day", ""]
        for warning in warnings { lines += ["**\(BenchReport.escaped(warning))**", ""] }
        lines += ["```sh", command, "```", ""]
        for line in header { lines += [BenchReport.escaped(line), ""] }
        lines.append("| " + titles.map(BenchReport.escaped).joined(separator: " | ") + " |")
        lines.append("| --- |" + String(repeating: " ---: |", count: titles.count - 1))
        for row in cells {
            lines.append("| " + row.map(BenchReport.escaped).joined(separator: " | ") + " |")
        }
        lines += leftOut.map {
            "- Left out: \(BenchReport.escaped($0.surface)): \(BenchReport.escaped($0.reason))"
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
