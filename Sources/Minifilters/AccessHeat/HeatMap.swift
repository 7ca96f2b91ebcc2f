public import IOStack
import Synchronization

/// How often each region of a file was read: a stream context.
///
/// The counts are relaxed: they order nothing.
public final class HeatMap: FilterContext {
    /// The size of a region in bytes.
    public static let regionSize: UInt64 = 4 << 20
    /// The number of regions. Reads beyond are counted in the last region.
    public static let regionCount = 256

    private let counts: [256 of Atomic<UInt64>]

    init() {
        counts = [256 of Atomic<UInt64>] { _ in Atomic(0) }
    }

    func count(offset: UInt64) {
        let region = min(Int(clamping: offset / Self.regionSize), Self.regionCount - 1)
        counts[region].wrappingAdd(1, ordering: .relaxed)
    }

    /// Reads that began in region `region`; 0 outside ``regionCount``.
    public func reads(inRegion region: Int) -> UInt64 {
        guard (0..<Self.regionCount).contains(region) else { return 0 }
        return counts[region].load(ordering: .relaxed)
    }

    public var total: UInt64 {
        (0..<Self.regionCount).reduce(0) { $0 &+ reads(inRegion: $1) }
    }
}
