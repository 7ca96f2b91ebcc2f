import IOStack

/// How often the same was seen, so that it is told once. A value under its owner's lock.
///
/// Bounded: what was not seen for long is forgotten, and told again.
struct Sightings: Sendable {
    struct Key: Hashable, Sendable {
        let file: FileID
        /// A filter, or a signature.
        let what: String
    }

    private static let limit = 4096

    private var counts = RecentTable<Key, UInt64>(capacity: limit)
    /// Of each filter or signature, of all files.
    private(set) var totals: [String: UInt64] = [:]

    /// How often it was seen, this time included.
    mutating func count(_ what: String, of file: FileID) -> UInt64 {
        let key = Key(file: file, what: what)
        let count = (counts.value(of: key) ?? 0) + 1
        counts.set(count, for: key)
        totals[what, default: 0] += 1
        return count
    }
}
