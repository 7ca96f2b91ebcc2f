import Terminal

/// A bar for each route with its spread, against the line of the native route.
struct BarChart {
    struct Bar {
        let label: String
        /// The style sheet's class for its colour.
        let style: String
        let value: Spread
        /// The text behind the value, e.g. a comparison.
        let remark: String
    }

    private static let width = 960.0
    private static let labelEnd = 256.0
    private static let plotEnd = 800.0
    private static let rowHeight = 26.0
    private static let top = 24.0

    let id: String
    let title: String
    /// The values' unit, as in "reads a second".
    let unit: String
    let bars: [Bar]
    /// The line's value; nil for no line.
    let native: Double?

    var svg: String {
        let largest = (bars.map(\.value.max) + [native ?? 0]).max() ?? 0
        let axis = Axis(to: largest, from: Self.labelEnd, to: Self.plotEnd)
        let bottom = Self.top + Double(bars.count) * Self.rowHeight
        var content: [String] = []
        for tick in axis.ticks {
            let x = axis.place(tick)
            content.append(Markup.line((x, Self.top), (x, bottom), "grid"))
            content.append(
                Markup.text(Figures.tick(tick), (x, bottom + 18), "tick", anchor: "middle"))
        }
        content.append(
            Markup.text(unit, (Self.plotEnd + 30, bottom + 18), "tick"))
        for (index, bar) in bars.enumerated() {
            content += row(bar, at: Self.top + Double(index) * Self.rowHeight, axis)
        }
        if let native {
            let x = axis.place(native)
            content.append(Markup.line((x, Self.top - 6), (x, bottom), "reference"))
            content.append(
                Markup.text("native", (x, Self.top - 10), "tick strong", anchor: "middle"))
        }
        return Markup.picture(
            width: Self.width, height: bottom + 28, id: id, title: title, description: words,
            content)
    }

    private func row(_ bar: Bar, at y: Double, _ axis: Axis) -> [String] {
        let start = axis.place(0)
        let middle = y + Self.rowHeight / 2
        let end = axis.place(bar.value.median)
        let (low, high) = (axis.place(bar.value.min), axis.place(bar.value.max))
        let height = Self.rowHeight - 10
        return [
            Markup.text(bar.label, (Self.labelEnd - 10, middle + 4.5), "label", anchor: "end"),
            "<rect class=\"\(bar.style)\" x=\"\(Markup.number(start))\" "
                + "y=\"\(Markup.number(y + 5))\" width=\"\(Markup.number(max(end - start, 1)))\" "
                + "height=\"\(Markup.number(height))\" rx=\"2\"/>",
            Markup.line((low, middle), (high, middle), "whisker"),
            Markup.line((low, middle - 4), (low, middle + 4), "whisker"),
            Markup.line((high, middle - 4), (high, middle + 4), "whisker"),
            Markup.text(
                Figures.short(bar.value.median), (Self.plotEnd + 12, middle + 4.5), "value strong"),
            Markup.text(bar.remark, (Self.plotEnd + 76, middle + 4.5), "value"),
        ]
    }

    private var words: String {
        bars.map { bar in
            "\(bar.label): \(Figures.short(bar.value.median)) \(unit) "
                + "(\(Figures.short(bar.value.min)) to \(Figures.short(bar.value.max)))"
                + (bar.remark.isEmpty ? "" : ", \(bar.remark)")
        }.joined(separator: "; ") + "."
    }
}

/// The cost of a read by the number of attached filters: a line for each family of routes.
struct FilterCostChart {
    struct Line {
        let label: String
        /// The style sheet's class for its colour and dashes.
        let style: String
        let points: [(filters: Int, value: Spread)]
    }

    private static let width = 960.0
    private static let plot = (left: 72.0, right: 680.0, top: 16.0, bottom: 236.0)

    let id: String
    let title: String
    /// The values' unit.
    let unit: String
    let lines: [Line]
    /// The cost of the backing directory itself.
    let native: Double?

    var svg: String {
        let points = lines.flatMap(\.points)
        let most = Double(points.map(\.filters).max() ?? 1)
        let largest = (points.map(\.value.max) + [native ?? 0]).max() ?? 1
        let (left, right, top, bottom) = Self.plot
        let across = Axis(to: largest, from: bottom, to: top)
        func x(_ filters: Int) -> Double {
            left + 16 + Double(filters) / max(most, 1) * (right - left - 32)
        }
        var content: [String] = []
        for tick in across.ticks {
            let y = across.place(tick)
            content.append(Markup.line((left, y), (right, y), "grid"))
            content.append(
                Markup.text(Figures.tick(tick), (left - 8, y + 4.5), "tick", anchor: "end"))
        }
        for count in Set(points.map(\.filters)).sorted() {
            content.append(
                Markup.text("\(count)", (x(count), bottom + 18), "tick", anchor: "middle"))
        }
        content.append(
            Markup.text(
                "filters attached", ((left + right) / 2, bottom + 36), "tick", anchor: "middle"))
        content.append(Markup.text(unit, (right + 24, bottom + 18), "tick"))
        var legend = lines.map { ($0.label, "curve \($0.style)") }
        if let native {
            let y = across.place(native)
            content.append(Markup.line((left, y), (right, y), "reference"))
            legend.append(("native", "reference"))
        }
        for line in lines { content += curve(line, x, across) }
        for (index, entry) in legend.enumerated() {
            let y = top + 12 + Double(index) * 24
            content.append(Markup.line((right + 24, y), (right + 58, y), entry.1))
            content.append(Markup.text(entry.0, (right + 66, y + 4.5), "label"))
        }
        return Markup.picture(
            width: Self.width, height: bottom + 44, id: id, title: title, description: words,
            content)
    }

    private func curve(_ line: Line, _ x: (Int) -> Double, _ axis: Axis) -> [String] {
        let path = line.points.map { point in
            "\(Markup.number(x(point.filters))),\(Markup.number(axis.place(point.value.median)))"
        }.joined(separator: " ")
        let marks = line.points.flatMap { point in
            let place = x(point.filters)
            let (low, high) = (axis.place(point.value.min), axis.place(point.value.max))
            return [
                Markup.line((place, low), (place, high), "whisker"),
                "<circle class=\"dot \(line.style)\" cx=\"\(Markup.number(place))\" "
                    + "cy=\"\(Markup.number(axis.place(point.value.median)))\" r=\"4\"/>",
            ]
        }
        return ["<polyline class=\"curve \(line.style)\" points=\"\(path)\"/>"] + marks
    }

    private var words: String {
        lines.map { line in
            let told = line.points.map { point in
                "\(Figures.threeDigits(point.value.median)) with \(point.filters)"
            }
            return "\(line.label), \(unit): \(told.joined(separator: ", "))"
        }.joined(separator: "; ") + (native.map { "; native: \(Figures.threeDigits($0))." } ?? ".")
    }
}
