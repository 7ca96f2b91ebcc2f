/// How a file's blocks lie in the file below: a header, then each block, with bytes of its own
/// behind its data. The last block may be shorter.
///
/// ```
/// plain    |  block 0  |  block 1  | rest |
/// stored   header |  block 0  +|  block 1  +| rest +|
/// ```
///
/// An empty file has no header. With neither header nor overhead a byte has the same offset above
/// and below, and sizes are equal.
public struct BlockLayout: Sendable, Equatable {
    /// Bytes of a block's data; a power of two.
    public let block: Int
    /// Bytes before the first block.
    public let header: Int
    /// Bytes that a stored block has more than its data, such as a nonce and a tag.
    public let overhead: Int
    /// A last block that is shorter than the others may be a hole, too. Without that a short block
    /// of zeros has the form of any other data, and zeros in its place below are no data.
    public let hasShortHoles: Bool

    /// - Parameters:
    ///   - block: a power of two from 512 to 1,048,576 bytes.
    ///   - header: 0 to 4096 bytes.
    ///   - overhead: 0 to 4096 bytes.
    ///   - hasShortHoles: true without overhead, whatever is said.
    public init(
        block: Int = 4096, header: Int = 0, overhead: Int = 0, hasShortHoles: Bool = true
    ) {
        precondition((512...(1 << 20)).contains(block) && block.nonzeroBitCount == 1)
        precondition((0...4096).contains(header) && (0...4096).contains(overhead))
        self.block = block
        self.header = header
        self.overhead = overhead
        self.hasShortHoles = hasShortHoles || overhead == 0
    }

    /// Sizes and offsets are other ones below.
    var changesSizes: Bool { header > 0 || overhead > 0 }

    /// Bytes of a whole block below.
    var storedBlock: Int { block + overhead }

    /// Bytes of the largest file, so that its size below is an offset of Linux.
    var longestFile: UInt64 {
        let blocks = UInt64(Int64.max - Int64(header)) / UInt64(storedBlock)
        return blocks * UInt64(block)
    }

    /// Whether zeros in the place of a stored block of so many bytes are a hole.
    func mayBeHole(stored: Int) -> Bool { hasShortHoles || stored == storedBlock }

    func number(of offset: UInt64) -> UInt64 { offset / UInt64(block) }

    /// Where a block's data begins.
    func start(of number: UInt64) -> UInt64 { number * UInt64(block) }

    /// Where it begins below.
    func storedStart(of number: UInt64) -> UInt64 {
        UInt64(header) + number * UInt64(storedBlock)
    }

    /// Bytes of a block's data in a file of `size` bytes.
    func length(of number: UInt64, size: UInt64) -> Int {
        let start = start(of: number)
        return start >= size ? 0 : Int(min(UInt64(block), size - start))
    }

    func storedSize(of size: UInt64) -> UInt64 {
        guard size > 0 else { return 0 }
        let (blocks, rest) = size.quotientAndRemainder(dividingBy: UInt64(block))
        return storedStart(of: blocks) + (rest == 0 ? 0 : rest + UInt64(overhead))
    }

    /// Bytes of data in a file that has `stored` bytes below. A last block that is too short to
    /// hold data counts for nothing: a write that was cut off left it.
    func size(ofStored stored: UInt64) -> UInt64 {
        guard stored > UInt64(header) else { return 0 }
        let (blocks, rest) = (stored - UInt64(header)).quotientAndRemainder(
            dividingBy: UInt64(storedBlock))
        return start(of: blocks) + (rest > UInt64(overhead) ? rest - UInt64(overhead) : 0)
    }
}
