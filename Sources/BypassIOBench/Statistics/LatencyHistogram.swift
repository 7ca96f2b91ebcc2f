/// Durations in nanoseconds, counted in buckets: exact below 32 ns, above within 1/32 of the value.
/// All buckets exist from the beginning, so ``record(_:)`` allocates nothing.
package struct LatencyHistogram: Equatable, Sendable {
    /// Steps within each power of two.
    private static let steps: UInt64 = 32
    private static let stepBits = 5
    private static let bucketCount = (64 - stepBits) * 32 + 32

    private var counts = [UInt64](repeating: 0, count: bucketCount)
    package private(set) var total: UInt64 = 0

    package init() {}

    package mutating func record(_ nanoseconds: UInt64) {
        counts[Self.bucket(nanoseconds)] += 1
        total += 1
    }

    package mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        total += other.total
    }

    package mutating func clear() {
        for index in counts.indices { counts[index] = 0 }
        total = 0
    }

    /// The smallest upper edge of a bucket, in nanoseconds, below which that share of the values
    /// lies; nil for none. `part` is 0 to 1.
    package func percentile(_ part: Double) -> UInt64? {
        guard total > 0 else { return nil }
        let rank = max(1, UInt64((part * Double(total)).rounded(.up)))
        var seen: UInt64 = 0
        for index in counts.indices where counts[index] > 0 {
            seen += counts[index]
            if seen >= rank { return Self.upperEdge(index) }
        }
        return nil
    }

    /// Every bucket with values: its upper edge in nanoseconds, and its count.
    package var filled: [(upTo: UInt64, count: UInt64)] {
        counts.indices.filter { counts[$0] > 0 }.map { (Self.upperEdge($0), counts[$0]) }
    }

    static func bucket(_ value: UInt64) -> Int {
        guard value >= steps else { return Int(value) }
        let shift = 63 - value.leadingZeroBitCount - stepBits
        return shift * Int(steps) + Int(value >> UInt64(shift))
    }

    /// The largest value that falls into a bucket.
    static func upperEdge(_ bucket: Int) -> UInt64 {
        guard bucket >= 2 * Int(steps) else { return UInt64(bucket) }
        let shift = UInt64(bucket) / steps - 1
        let step = UInt64(bucket) % steps + steps
        // The last bucket's edge is the largest possible number.
        return step << shift | ((1 << shift) - 1)
    }
}

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
