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

    /// Before a callback; nil while nobody looks.
    @inline(__always)
    func begin() -> ContinuousClock.Instant? {
        isOn.load(ordering: .relaxed) ? .now : nil
    }

    /// After it, also where it pended the request: what comes later is no callback.
    @inline(__always)
    func end(_ began: ContinuousClock.Instant?) {
        if let began { record(began) }
    }

    @inline(never)
    private func record(_ began: ContinuousClock.Instant) {
        let (seconds, attoseconds) = (ContinuousClock.now - began).components
        let time = UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
        counts[LatencyReport.bucket(ofNanoseconds: time)].wrappingAdd(1, ordering: .relaxed)
        nanoseconds.wrappingAdd(time, ordering: .relaxed)
    }

    var report: LatencyReport {
        LatencyReport(
            counts: counts.indices.map { counts[$0].load(ordering: .relaxed) },
            nanoseconds: nanoseconds.load(ordering: .relaxed))
    }
}
