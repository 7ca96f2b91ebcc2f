internal import BypassIOProtocol
import Synchronization

/// How long an instance's callbacks take, measured only while somebody looks: otherwise a callback
/// costs one load and one branch more.
///
/// Every operation is relaxed: counters order nothing. The atomics are the standard library's in
/// the build of the search, too: nothing that threads do depends on them.
struct CallbackTimes: ~Copyable, Sendable {
    private let isOn = Synchronization.Atomic<Bool>(false)
    private let nanoseconds = Synchronization.Atomic<UInt64>(0)
    private let counts: [124 of Synchronization.Atomic<UInt64>]

    init() {
        counts = [124 of Synchronization.Atomic<UInt64>] { _ in Synchronization.Atomic(0) }
        assert(LatencyReport.bucketCount == counts.count)
    }

    func turn(on isOn: Bool) { self.isOn.store(isOn, ordering: .relaxed) }

    /// Before a callback; 0 while nobody looks. A number, because an instant's layout is the
    /// runtime's secret, and carrying it would cost more than the callback's call.
    @inline(__always)
    func begin() -> UInt64 { isOn.load(ordering: .relaxed) ? Self.now() : 0 }

    /// After it, also where it pended the request: what comes later is no callback.
    @inline(__always)
    func end(_ began: UInt64) {
        if began != 0 { record(began) }
    }

    @inline(never)
    private func record(_ began: UInt64) {
        let now = Self.now()
        let time = now - min(began, now)
        counts[LatencyReport.bucket(ofNanoseconds: time)].wrappingAdd(1, ordering: .relaxed)
        nanoseconds.wrappingAdd(time, ordering: .relaxed)
    }

    private static let start = ContinuousClock.now

    /// Nanoseconds since the first look; at least 1.
    @inline(never)
    private static func now() -> UInt64 {
        // First: the look that makes it must not come before it.
        let start = start
        let (seconds, attoseconds) = max(ContinuousClock.now - start, .zero).components
        return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000) + 1
    }

    var report: LatencyReport {
        LatencyReport(
            counts: counts.indices.map { counts[$0].load(ordering: .relaxed) },
            nanoseconds: nanoseconds.load(ordering: .relaxed))
    }
}
