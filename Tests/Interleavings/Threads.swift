/// A set of a program's threads.
struct Threads: Equatable, Sequence {
    private var bits: UInt32 = 0

    init(rawValue: UInt32) { bits = rawValue }
    var rawValue: UInt32 { bits }

    init() {}

    init(where belongs: (Int) -> Bool, of count: Int) {
        for thread in 0..<count where belongs(thread) { insert(thread) }
    }

    var isEmpty: Bool { bits == 0 }
    var count: Int { bits.nonzeroBitCount }
    var first: Int? { bits == 0 ? nil : bits.trailingZeroBitCount }

    func contains(_ thread: Int) -> Bool { bits & (1 << UInt32(thread)) != 0 }
    mutating func insert(_ thread: Int) { bits |= 1 << UInt32(thread) }
    mutating func remove(_ thread: Int) { bits &= ~(1 << UInt32(thread)) }

    func subtracting(_ other: Threads) -> Threads { Threads(rawValue: bits & ~other.bits) }
    func intersection(_ other: Threads) -> Threads { Threads(rawValue: bits & other.bits) }

    func makeIterator() -> AnyIterator<Int> {
        var left = bits
        return AnyIterator {
            guard left != 0 else { return nil }
            defer { left &= left - 1 }
            return left.trailingZeroBitCount
        }
    }
}
