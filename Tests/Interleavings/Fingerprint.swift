import TestCoroutines

/// 64 bits that represent a sequence of numbers.
struct Fingerprint {
    private(set) var value: UInt64

    init(_ seed: Int) { value = Chance.scatter(UInt64(bitPattern: Int64(seed))) }

    mutating func add(_ number: Int) {
        // Multiplied first: otherwise a number could cancel itself.
        value = Chance.scatter(
            value &* 0x0000_0100_0000_01B3 ^ Chance.scatter(UInt64(bitPattern: Int64(number))))
    }
}
