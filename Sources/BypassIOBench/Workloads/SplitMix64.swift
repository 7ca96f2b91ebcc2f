/// Sebastiano Vigna's SplitMix64: small, fast, and the same on every machine for a seed.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Fills an array whose size is a multiple of 8.
    package mutating func fill(_ bytes: inout [UInt8]) {
        for start in stride(from: 0, to: bytes.count, by: 8) {
            let word = next()
            for index in 0..<8 {
                bytes[start + index] = UInt8(truncatingIfNeeded: word >> (8 * index))
            }
        }
    }
}
