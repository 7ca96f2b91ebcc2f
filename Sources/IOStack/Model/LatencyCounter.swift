package import BypassIOProtocol
import Synchronization

/// Counts how long something took, in the buckets of a ``LatencyReport``.
///
/// Any thread. Every operation is relaxed: counters order nothing. The atomics are the standard
/// library's in the build of the search, too: nothing that threads do depends on them.
package struct LatencyCounter: ~Copyable, Sendable {
    private let nanoseconds = Synchronization.Atomic<UInt64>(0)
    private let counts: [124 of Synchronization.Atomic<UInt64>]

    package init() {
        counts = [124 of Synchronization.Atomic<UInt64>] { _ in Synchronization.Atomic(0) }
        assert(LatencyReport.bucketCount == counts.count)
    }

    /// By ``LayerClock``.
    package func record(from began: UInt64, to ended: UInt64) {
        let time = ended - min(began, ended)
        counts[LatencyReport.bucket(ofNanoseconds: time)].wrappingAdd(1, ordering: .relaxed)
        nanoseconds.wrappingAdd(time, ordering: .relaxed)
    }

    package var report: LatencyReport {
        LatencyReport(
            counts: counts.indices.map { counts[$0].load(ordering: .relaxed) },
            nanoseconds: nanoseconds.load(ordering: .relaxed))
    }
}
