public import IOStack
import Synchronization

/// Counts which regions of each file are read, as a tiering service needs it. It can do without
/// any read, so it never vetoes BypassIO: bypassed reads are simply not counted.
///
/// Usable from any thread.
public final class AccessHeat: Sendable {
    private let reads = Atomic<UInt64>(0)

    public init() {}

    /// Reads counted so far, of all files.
    public var readsSeen: UInt64 { reads.load(ordering: .relaxed) }

    /// What an instance counted for a file, or nil if it saw no read of it.
    public static func heatMap(of stream: IOStack.Stream, by instance: FilterInstance) -> HeatMap? {
        instance.context(on: .stream(stream)) as? HeatMap
    }

    /// What the filter manager is told. The altitude is in FSFilter HSM.
    public var registration: FilterRegistration {
        var registration = FilterRegistration(
            name: "accessheat", altitude: Altitude(integer: 183_040),
            supportedFeatures: .bypassIO,
            operations: [OperationRegistration(.read, preOperation: preRead)],
            contexts: [.stream])
        registration.kernelReads = .unwatched
        return registration
    }

    private var preRead: PreOperationCallback {
        { [self] data, instance in
            guard case .read(let offset, _) = data.parameters, let stream = data.fileObject?.stream
            else { return .successNoCallback }
            reads.wrappingAdd(1, ordering: .relaxed)
            if let map = Self.heatMap(of: stream, by: instance) {
                map.count(offset: offset)
            } else {
                Self.newMap(of: stream, by: instance)?.count(offset: offset)
            }
            return .successNoCallback
        }
    }

    /// Two first reads may come at once: both count in the map that was set first.
    private static func newMap(
        of stream: IOStack.Stream, by instance: FilterInstance
    ) -> HeatMap? {
        let map = HeatMap()
        let old = try? instance.setContext(map, on: .stream(stream), .keepIfExists)
        return old as? HeatMap ?? map
    }
}
