/// Random numbers, the same in each run for the same seed: SplitMix64 (Steele, Lea and Flood,
/// 2014).
public struct Chance: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64 = 0) { state = seed == 0 ? 0 : Self.scatter(seed) }

    public mutating func next() -> UInt64 {
        state &+= 1
        return Self.scatter(state)
    }

    /// The finalizer of SplitMix64: a bijection.
    public static func scatter(_ number: UInt64) -> UInt64 {
        var z = number &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Chance {
    public mutating func isOneIn(_ count: Int) -> Bool { below(count) == 0 }

    /// A number from 0 on; 0 for a count below 1.
    public mutating func below(_ count: Int) -> Int {
        count > 0 ? Int(next() % UInt64(count)) : 0
    }

    public mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}
