/// The median, the smallest and the largest of a figure's values, one value a round.
package struct Spread: Codable, Equatable, Sendable {
    package let median: Double
    package let min: Double
    package let max: Double

    /// nil for no values, or if none is a number.
    package init?(_ values: [Double]) {
        let values = values.filter(\.isFinite)
        guard let min = values.min(), let max = values.max() else { return nil }
        median = Self.median(of: values)
        self.min = min
        self.max = max
    }

    /// The middle of the values; 0 for none.
    package static func median(of values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2)
            ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
