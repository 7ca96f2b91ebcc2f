/// 64 bits that represent a sequence of numbers.
struct Fingerprint {
    private(set) var value: UInt64

    init(_ seed: Int) { value = Self.scatter(UInt64(bitPattern: Int64(seed))) }

    mutating func add(_ number: Int) {
        // Multiplied first: otherwise a number could cancel itself.
        value = Self.scatter(
            value &* 0x0000_0100_0000_01B3 ^ Self.scatter(UInt64(bitPattern: Int64(number))))
    }

    /// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014): a bijection.
    private static func scatter(_ number: UInt64) -> UInt64 {
        var z = number &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
