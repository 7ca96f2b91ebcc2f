import Foundation

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
