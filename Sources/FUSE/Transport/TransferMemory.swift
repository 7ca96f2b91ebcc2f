internal import LinuxKit
internal import SystemPackage

/// The pages of a ``TransferBuffer``.
///
/// Small pages at first, of which only touched pages take memory; huge pages once transfers are
/// large. A disk that is given one piece of memory instead of 256 reads up to twice as fast
/// (docs/performance.md).
@safe
final class TransferMemory: @unchecked Sendable {
    /// In bytes. A smaller buffer has no reads for which huge pages would pay.
    private static let smallestHuge = 512 << 10
    /// In bytes.
    private static let page = 4096

    private let pages: MemoryMapping
    private let mayBeHuge: Bool
    /// Where a transfer may begin, in bytes from the start: so far that the largest still fits.
    private let places: ClosedRange<Int>
    /// Belongs to the thread that has the buffer, as its bytes do.
    private var isHuge = false

    /// - Parameters:
    ///   - room: bytes before the first place.
    ///   - capacity: bytes of the largest transfer.
    /// - Throws: `ENOMEM`.
    init(room: Int, capacity: Int) throws(Errno) {
        mayBeHuge = room + capacity >= Self.smallestHuge
        // Two of the largest transfers, so that a place can rest.
        pages =
            mayBeHuge
            ? try MemoryMapping(hugePagesFor: room + 2 * capacity)
            : try MemoryMapping(size: room + capacity)
        places = room...pages.size - capacity
    }

    @unsafe var start: UnsafeMutableRawPointer { unsafe pages.base }

    /// While nothing is in the buffer: its bytes are gone afterwards.
    func becomeHuge() {
        guard mayBeHuge, !isHuge else { return }
        isHuge = true
        pages.adviseHugePages()
        pages.clear()
    }

    /// The place of a transfer of `size` bytes that follows a transfer at `place`: on a page
    /// boundary, for direct I/O. Small transfers stay in one huge page.
    func place(after place: Int, _ size: Int) -> Int {
        let next = place + (size + Self.page - 1) / Self.page * Self.page
        let isInPage = next + size <= MemoryMapping.hugePageSize
        let isLarge = 2 * size > MemoryMapping.hugePageSize - places.lowerBound
        return places.contains(next) && (isInPage || isLarge) ? next : places.lowerBound
    }
}
