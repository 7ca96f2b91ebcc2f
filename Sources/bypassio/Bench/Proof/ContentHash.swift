/// A 64-bit hash of a pass's bytes that does not depend on the order in which its reads finished:
/// the sum of a hash of each block, which depends on the block's place in the pass. It
/// distinguishes two passes; it does not resist an attacker.
struct ContentHash: Equatable, Encodable, CustomStringConvertible {
    private var sum: UInt64 = 0

    mutating func add(_ block: Span<UInt8>, place: UInt64) {
        var hash = (place &+ 1) &* 0x9E37_79B9_7F4A_7C15
        var index = 0
        while index + 8 <= block.count {
            var word: UInt64 = 0
            for shift in 0..<8 { word |= UInt64(block[index + shift]) << (8 * shift) }
            hash = Self.mix(hash ^ word)
            index += 8
        }
        while index < block.count {
            hash = Self.mix(hash ^ UInt64(block[index]))
            index += 1
        }
        sum &+= Self.mix(hash ^ UInt64(block.count))
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value &* 0xFF51_AFD7_ED55_8CCD
        return product ^ (product >> 32)
    }

    var description: String {
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
