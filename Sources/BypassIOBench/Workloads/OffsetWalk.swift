/// Offsets of blocks in random order; every block comes once before any comes again.
struct OffsetWalk {
    private let blocks: UInt64
    private let blockSize: UInt64
    private let step: UInt64
    private var place: UInt64

    /// `size` bytes of at least one block; the order depends on `seed`.
    init(size: UInt64, blockSize: Int, seed: UInt64) {
        self.blockSize = UInt64(blockSize)
        blocks = max(1, size / self.blockSize)
        var random = SplitMix64(seed: seed)
        place = random.next() % blocks
        // A step that has no divisor in common with the count visits all blocks. Near the golden
        // section it jumps far each time.
        var step = max(1, UInt64(Double(blocks) * 0.618_034)) &+ random.next() % max(1, blocks / 8)
        step = max(1, step % blocks)
        while Self.divisor(step, blocks) != 1 { step += 1 }
        self.step = step
    }

    mutating func next() -> UInt64 {
        place = (place + step) % blocks
        return place * blockSize
    }

    private static func divisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var (first, second) = (first, second)
        while second != 0 { (first, second) = (second, first % second) }
        return first
    }
}
