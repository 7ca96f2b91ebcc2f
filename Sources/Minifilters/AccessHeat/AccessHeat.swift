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
