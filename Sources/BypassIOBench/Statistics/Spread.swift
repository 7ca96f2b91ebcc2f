/// The middle, the smallest and the largest of a figure's values, one value a round.
package struct Spread: Codable, Equatable, Sendable {
    package let median: Double
    package let min: Double
    package let max: Double

    /// nil for no values, or none that is a number.
    package init?(_ values: [Double]) {
        let values = values.filter(\.isFinite)
        guard let min = values.min(), let max = values.max() else { return nil }
        median = Figures.median(values)
        self.min = min
        self.max = max
    }
}
