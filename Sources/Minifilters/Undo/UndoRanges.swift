/// Bytes of a file, as ranges that neither touch nor overlap, in order.
package struct UndoRanges: Sendable, Equatable {
    package private(set) var all: [Range<UInt64>] = []

    package init() {}

    /// At once, since to insert each would take a time that grows with the square of their number.
    package init(_ ranges: [Range<UInt64>]) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            guard let last = all.last, range.lowerBound <= last.upperBound else {
                all.append(range)
                continue
            }
            all[all.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        }
    }

    /// The first range that ends at `offset` or later.
    private func index(endingFrom offset: UInt64) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].upperBound < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package mutating func insert(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        let first = index(endingFrom: range.lowerBound)
        var last = first
        var joined = range
        while last < all.count, all[last].lowerBound <= range.upperBound {
            joined =
                min(
                    joined.lowerBound, all[last].lowerBound)..<max(
                    joined.upperBound, all[last].upperBound)
            last += 1
        }
        all.replaceSubrange(first..<last, with: CollectionOfOne(joined))
    }

    /// The parts of `range` that are not in it.
    package func missing(in range: Range<UInt64>) -> [Range<UInt64>] {
        var parts: [Range<UInt64>] = []
        var start = range.lowerBound
        var place = index(endingFrom: start)
        while start < range.upperBound, place < all.count, all[place].lowerBound < range.upperBound
        {
            if all[place].lowerBound > start { parts.append(start..<all[place].lowerBound) }
            start = max(start, all[place].upperBound)
            place += 1
        }
        if start < range.upperBound { parts.append(start..<range.upperBound) }
        return parts
    }

    /// They do not overlap, so that their sum fits.
    package var count: UInt64 { all.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }
}
