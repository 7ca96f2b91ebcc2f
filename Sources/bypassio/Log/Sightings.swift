import IOStack

/// Counts repeated events, so that the log reports each once. A value under its owner's lock.
///
/// Bounded: it forgets events that did not recur for long, and the log reports them again.
struct Sightings: Sendable {
    struct Key: Hashable, Sendable {
        let file: FileID
        /// A filter, or a signature.
        let what: String
    }

    private static let limit = 4096

    private var counts = RecentTable<Key, UInt64>(capacity: limit)
    /// For each filter or signature, over all files.
    private(set) var totals: [String: UInt64] = [:]

    /// Counts the event; returns how often it occurred, this time included.
    mutating func count(_ what: String, of file: FileID) -> UInt64 {
        let key = Key(file: file, what: what)
        let count = (counts.value(of: key) ?? 0) + 1
        counts.set(count, for: key)
        totals[what, default: 0] += 1
        return count
    }
}
