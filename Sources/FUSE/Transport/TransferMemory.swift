internal import DirectRead
internal import SystemPackage

/// The pages of a ``TransferBuffer``.
///
/// Small pages at first, of which only those touched take memory; huge ones for who transfers much: a
/// disk that is given one piece of memory instead of 256 reads up to twice as fast
/// (docs/performance.md).
@safe
final class TransferMemory: @unchecked Sendable {
    /// In bytes: below it nobody reads so much that huge pages would pay.
    private static let smallestHuge = 512 << 10

    private let pages: MemoryMapping
    private let mayBeHuge: Bool
    /// Of whoever has the buffer, as its bytes are.
    private var isHuge = false

    /// Throws `ENOMEM`.
    init(size: Int) throws(Errno) {
        mayBeHuge = size >= Self.smallestHuge
        pages =
            mayBeHuge
            ? try MemoryMapping(hugePagesFor: size) : try MemoryMapping(size: size)
    }

    @unsafe var start: UnsafeMutableRawPointer { unsafe pages.base }

    /// While nothing is in the buffer: what was is gone.
    func becomeHuge() {
        guard mayBeHuge, !isHuge else { return }
        isHuge = true
        pages.adviseHugePages()
        pages.clear()
    }
}
