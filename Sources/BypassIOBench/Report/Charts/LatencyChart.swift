import Foundation
import Terminal

/// The share of operations done within a time, a line for each route: the further left a line's
/// upper end, the better. The scale gives each further nine the same room.
struct LatencyChart {
    struct Line {
        let label: String
        /// The style sheet's class for its colour and dashes.
        let style: String
        /// Nanoseconds, and the part of all operations that took no longer (0 to 1); both rise.
        let points: [(nanoseconds: Double, part: Double)]
    }

    private static let width = 960.0
    private static let plot = (left: 72.0, right: 680.0, top: 16.0, bottom: 276.0)
    private static let parts = [0, 0.5, 0.9, 0.99, 0.999]
    /// Beyond this many nines a chart shows single operations.
    private static let largestNines = 3.5

    let id: String
    let title: String
    /// The operation that takes the time.
    let subject: String
    let lines: [Line]

    var svg: String {
        let values = lines.flatMap { $0.points.map(\.nanoseconds) }.filter { $0 > 0 }
        guard let low = values.min(), let high = values.max() else { return "" }
        let axis = Axis(
            logarithmic: low...max(high, low), from: Self.plot.left, to: Self.plot.right)
        var content = grid(axis)
        for (index, line) in lines.enumerated() {
            content.append(
                "<polyline class=\"curve \(line.style)\" points=\"\(path(line, axis))\"/>")
            let y = Self.plot.top + 12 + Double(index) * 24
            let x = Self.plot.right + 24
            content.append(Markup.line((x, y), (x + 34, y), "curve \(line.style)"))
            content.append(Markup.text(line.label, (x + 42, y + 4.5), "label"))
        }
        return Markup.picture(
            width: Self.width,
            height: max(Self.plot.bottom + 44, Self.plot.top + 12 + Double(lines.count) * 24),
            id: id, title: title, description: words, content)
    }

    private func grid(_ axis: Axis) -> [String] {
        let (left, right, top, bottom) = Self.plot
        var content: [String] = []
        for tick in axis.ticks {
            let x = axis.place(tick)
            content.append(Markup.line((x, top), (x, bottom), "grid"))
            content.append(
                Markup.text(
                    Figures.durationTick(nanoseconds: tick), (x, bottom + 18), "tick",
                    anchor: "middle")
            )
        }
        for part in Self.parts {
            let y = Self.height(part)
            content.append(Markup.line((left, y), (right, y), "grid"))
            content.append(
                Markup.text(
                    "\(Figures.threeDigits(part * 100)) %", (left - 8, y + 4.5), "tick",
                    anchor: "end"))
        }
        content.append(
            Markup.text(
                "time of a \(subject)", ((left + right) / 2, bottom + 36), "tick", anchor: "middle")
        )
        return content
    }

    private func path(_ line: Line, _ axis: Axis) -> String {
        line.points.map { point in
            let y = Self.height(point.part)
            return "\(Markup.number(axis.place(point.nanoseconds))),\(Markup.number(y))"
        }.joined(separator: " ")
    }

    private static func height(_ part: Double) -> Double {
        let nines = part >= 1 ? largestNines : min(-log10(1 - part), largestNines)
        return plot.bottom - nines / largestNines * (plot.bottom - plot.top)
    }

    private var words: String {
        lines.map { line in
            let told = [0.5, 0.99, 0.999].compactMap { part in
                line.points.first { $0.part >= part }.map {
                    "\(Figures.threeDigits(part * 100)) % within "
                        + Figures.duration(nanoseconds: $0.nanoseconds)
                }
            }
            return "\(line.label): \(told.joined(separator: ", "))"
        }.joined(separator: "; ") + "."
    }
}

/// The positions of values on a chart, and the ticks beside them.
struct Axis {
    let ticks: [Double]
    private let low: Double
    private let high: Double
    private let isLogarithmic: Bool
    /// Pixels of the smallest and the largest value.
    private let from: Double
    private let to: Double

    /// From 0 to a round number not below `largest`.
    init(to largest: Double, from start: Double, to end: Double) {
        let step = Self.roundStep(largest > 0 ? largest : 1)
        let count = max(1, (largest / step).rounded(.up))
        low = 0
        high = step * count
        ticks = (0...Int(count)).map { Double($0) * step }
        isLogarithmic = false
        (from, to) = (start, end)
    }

    /// From a power of ten to a power of ten around the values, which are above 0.
    init(logarithmic range: ClosedRange<Double>, from start: Double, to end: Double) {
        let first = log10(range.lowerBound).rounded(.down)
        let last = max(first + 1, log10(range.upperBound).rounded(.up))
        low = first
        high = last
        ticks = (Int(first)...Int(last)).map { pow(10, Double($0)) }
        isLogarithmic = true
        (from, to) = (start, end)
    }

    func place(_ value: Double) -> Double {
        let value = isLogarithmic ? log10(max(value, 1e-9)) : value
        let part = (value - low) / (high - low)
        return from + min(max(part, 0), 1) * (to - from)
    }

    /// 1, 2 or 5 times a power of ten: four or five steps up to the value.
    private static func roundStep(_ largest: Double) -> Double {
        let rough = largest / 4.5
        let power = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 5, 10].first { $0 * power >= rough } ?? 10
        return step * power
    }
}
