internal import LinuxKit
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
    /// In bytes.
    private static let page = 4096

    private let pages: MemoryMapping
    private let mayBeHuge: Bool
    /// Where a transfer may begin, in bytes from the start: so far that the largest still fits.
    private let places: ClosedRange<Int>
    /// Of whoever has the buffer, as its bytes are.
    private var isHuge = false

    /// - Parameters:
    ///   - room: bytes before the first place.
    ///   - capacity: bytes of the largest transfer.
    /// - Throws: `ENOMEM`.
    init(room: Int, capacity: Int) throws(Errno) {
        mayBeHuge = room + capacity >= Self.smallestHuge
        // Two of the largest, one of which rests.
        pages =
            mayBeHuge
            ? try MemoryMapping(hugePagesFor: room + 2 * capacity)
            : try MemoryMapping(size: room + capacity)
        places = room...pages.size - capacity
    }

    @unsafe var start: UnsafeMutableRawPointer { unsafe pages.base }

    /// While nothing is in the buffer: what was is gone.
    func becomeHuge() {
        guard mayBeHuge, !isHuge else { return }
        isHuge = true
        pages.adviseHugePages()
        pages.clear()
    }

    /// Of a transfer of `size` bytes after one that began at `place`: on a page boundary, for direct I/O.
    /// Small ones stay in one huge page.
    func place(after place: Int, _ size: Int) -> Int {
        let next = place + (size + Self.page - 1) / Self.page * Self.page
        let isInPage = next + size <= MemoryMapping.hugePageSize
        let isLarge = 2 * size > MemoryMapping.hugePageSize - places.lowerBound
        return places.contains(next) && (isInPage || isLarge) ? next : places.lowerBound
    }
}
