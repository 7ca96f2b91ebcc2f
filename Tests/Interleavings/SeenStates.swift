/// The states that a search has seen, by their fingerprints, each with the threads that were asleep
/// at every entry. A table with open addressing: nine bytes an entry, because there may be many.
struct SeenStates {
    private var keys: [UInt64] = []
    private var asleep: [UInt8] = []
    private(set) var count = 0

    init() {
        keys = Array(repeating: 0, count: 1 << 16)
        asleep = Array(repeating: 0, count: 1 << 16)
    }

    /// The index of the state, or where it would be. Fingerprints are already scattered.
    private func place(of key: UInt64) -> Int {
        var place = Int(truncatingIfNeeded: key) & (keys.count - 1)
        while keys[place] != 0, keys[place] != key { place = (place + 1) & (keys.count - 1) }
        return place
    }

    /// Returns the threads that were asleep at every earlier entry to the state; nil for the first
    /// entry. Keeps of them those that sleep this time too.
    mutating func enter(_ state: UInt64, asleep threads: Threads) -> Threads? {
        let key = max(state, 1)
        var place = place(of: key)
        if keys[place] == key {
            let before = Threads(rawValue: UInt32(asleep[place]))
            asleep[place] &= UInt8(threads.rawValue)
            return before
        }
        if (count + 1) * 4 > keys.count * 3 {
            grow()
            place = self.place(of: key)
        }
        count += 1
        keys[place] = key
        asleep[place] = UInt8(threads.rawValue)
        return nil
    }

    private mutating func grow() {
        let (oldKeys, oldAsleep) = (keys, asleep)
        keys = Array(repeating: 0, count: oldKeys.count * 2)
        asleep = Array(repeating: 0, count: oldKeys.count * 2)
        for (old, key) in oldKeys.enumerated() where key != 0 {
            let place = place(of: key)
            keys[place] = key
            asleep[place] = oldAsleep[old]
        }
    }
}
