public import IOStack
import Synchronization

/// Counts which regions of each file are read, as a tiering service needs it. It can do without any
/// read, so it never vetoes BypassIO: bypassed reads are simply not counted.
///
/// Usable from any thread.
public final class AccessHeat: Filter, PreReadFilter {
    public let name = "accessheat"
    /// Lies in FSFilter HSM.
    public let altitude = Altitude(integer: 183_040)
    public let supportedFeatures: FilterRegistration.Features = .bypassIO
    public let kernelReads: KernelReadTerms? = .unwatched
    public let contexts: Set<ContextKind> = [.stream]

    private let reads = Atomic<UInt64>(0)

    public init() {}

    /// Reads counted so far, of all files.
    public var readsSeen: UInt64 { reads.load(ordering: .relaxed) }

    /// The counts of an instance for a file; nil if it saw no read of the file.
    public static func heatMap(of stream: IOStack.Stream, by instance: FilterInstance) -> HeatMap? {
        instance.context(on: .stream(stream)) as? HeatMap
    }

    public func willRead(_ read: PreRead) -> PreOperationAnswer {
        reads.wrappingAdd(1, ordering: .relaxed)
        let stream = read.file.stream
        let map =
            Self.heatMap(of: stream, by: read.instance)
            ?? Self.newMap(of: stream, by: read.instance)
        map.count(offset: read.offset)
        return .pass
    }

    /// Two first reads may come at once. Both count in the map that was set first.
    private static func newMap(of stream: IOStack.Stream, by instance: FilterInstance) -> HeatMap {
        let map = HeatMap()
        let old = try? instance.setContext(map, on: .stream(stream), .keepIfExists)
        return old as? HeatMap ?? map
    }
}

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
