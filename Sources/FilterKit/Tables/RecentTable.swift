/// Values by key, for the keys used last. Protected by its owner's lock.
///
/// Two generations: a use puts the key into the young one. When that holds half of the table's
/// capacity, it becomes the old one, and the rest of the old one is forgotten. So a key is
/// forgotten only after at least half a table of other keys was used, and no list has to be kept in
/// order.
public struct RecentTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let half: Int

    /// - Parameter capacity: how many keys it remembers at most, 2 or more.
    public init(capacity: Int) {
        half = max(1, capacity / 2)
    }

    /// Keys that it remembers.
    public var count: Int { young.count + old.count }

    /// Counts as a use.
    public mutating func value(of key: Key) -> Value? {
        if let value = young[key] { return value }
        guard let value = old[key] else { return nil }
        set(value, for: key)
        return value
    }

    public mutating func set(_ value: Value, for key: Key) {
        old[key] = nil
        if young.count >= half, young[key] == nil {
            old = young
            young = [:]
        }
        young[key] = value
    }

    public mutating func remove(_ key: Key) {
        young[key] = nil
        old[key] = nil
    }
}
