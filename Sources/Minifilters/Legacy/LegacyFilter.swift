public import IOStack
import Synchronization

/// A filter from before BypassIO, to show what such a filter does to a volume: the driver of a copy
/// protection dongle, say, that came with a program and stayed when the program went.
///
/// It sees opens and reads, counts them, and changes nothing. It declares no feature, so nothing
/// says that it can do without the reads that pass it: as long as it is attached, the filter
/// manager refuses BypassIO for every file in its name (spec 4.3, 6.10). It has no say in that, and
/// does not know.
///
/// Usable from any thread.
public final class LegacyFilter: Filter, PreOpenFilter, PreReadFilter {
    public let name = "legacy"
    /// Lies in FSFilter Copy Protection.
    public let altitude = Altitude(integer: 65_000)
    /// None: the whole demonstration. The kernel's own reads it refuses for the same reason.
    public let supportedFeatures: FilterRegistration.Features = []

    private let opens = Atomic<UInt64>(0)
    private let reads = Atomic<UInt64>(0)

    public init() {}

    /// Requests seen so far, of all files.
    public var requestsSeen: (opens: UInt64, reads: UInt64) {
        (opens.load(ordering: .relaxed), reads.load(ordering: .relaxed))
    }

    public func willOpen(_ open: PreOpen) -> PreOperationAnswer {
        opens.wrappingAdd(1, ordering: .relaxed)
        return .passAndForget
    }

    public func willRead(_ read: PreRead) -> PreOperationAnswer {
        reads.wrappingAdd(1, ordering: .relaxed)
        return .passAndForget
    }
}
