/// The states that a search has seen, by their fingerprints, each with the threads that were asleep
/// whenever it was entered. A table with open addressing: nine bytes a place, since there may be
/// many.
struct SeenStates {
    private var keys: [UInt64] = []
    private var asleep: [UInt8] = []
    private(set) var count = 0

    init() {
        keys = Array(repeating: 0, count: 1 << 16)
        asleep = Array(repeating: 0, count: 1 << 16)
    }

    /// Where the state is or would be. Fingerprints are scattered already.
    private func place(of key: UInt64) -> Int {
        var place = Int(truncatingIfNeeded: key) & (keys.count - 1)
        while keys[place] != 0, keys[place] != key { place = (place + 1) & (keys.count - 1) }
        return place
    }

    /// The threads that were asleep whenever the state was entered before; nil: it was not. From
    /// now on those that are asleep this time, too.
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
