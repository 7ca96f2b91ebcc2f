/// SplitMix64: the same seed gives the same numbers on every machine.
struct RandomNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, stream: UInt64) {
        state = seed &+ (stream &+ 1) &* 0xA076_1D64_78BD_642F
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in 0 ..< limit; 0 for a limit below 1.
    mutating func below(_ limit: Int) -> Int {
        limit < 1 ? 0 : Int(next() % UInt64(limit))
    }

    mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    mutating func element<Element>(of all: [Element]) -> Element? {
        all.isEmpty ? nil : all[below(all.count)]
    }
}
