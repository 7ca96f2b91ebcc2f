/// Random numbers, the same in each run: SplitMix64 (Steele, Lea and Flood, 2014).
struct Chance: RandomNumberGenerator {
    private var state: UInt64 = 0

    mutating func next() -> UInt64 {
        state &+= 1
        return Fingerprint(Int(truncatingIfNeeded: state)).value
    }
}
