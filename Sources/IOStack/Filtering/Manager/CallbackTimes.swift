internal import BypassIOProtocol
import Synchronization

/// How long an instance's callbacks take, measured only while somebody looks: otherwise a callback
/// costs one load and one branch more.
///
/// Every operation is relaxed: counters order nothing. The atomics are the standard library's in
/// the build of the search, too: nothing that threads do depends on them.
struct CallbackTimes: ~Copyable, Sendable {
    /// Who looks: one that counts times, and one that is told of each callback.
    private let watchers = Synchronization.Atomic<UInt8>(0)
    private let nanoseconds = Synchronization.Atomic<UInt64>(0)
    private let counts: [124 of Synchronization.Atomic<UInt64>]

    private static var counting: UInt8 { 1 }
    private static var telling: UInt8 { 2 }

    init() {
        counts = [124 of Synchronization.Atomic<UInt64>] { _ in Synchronization.Atomic(0) }
        assert(LatencyReport.bucketCount == counts.count)
    }

    func count(_ isOn: Bool) { set(Self.counting, isOn) }

    func tell(_ isOn: Bool) { set(Self.telling, isOn) }

    private func set(_ watcher: UInt8, _ isOn: Bool) {
        if isOn {
            watchers.bitwiseOr(watcher, ordering: .relaxed)
        } else {
            watchers.bitwiseAnd(~watcher, ordering: .relaxed)
        }
    }

    /// Callbacks are told one by one (``LayerTrace``).
    var isTold: Bool { watchers.load(ordering: .relaxed) & Self.telling != 0 }

    /// Before a callback; 0 while nobody looks.
    @inline(__always)
    func begin() -> UInt64 { watchers.load(ordering: .relaxed) == 0 ? 0 : LayerClock.now }

    /// After it, also where it pended the request: what comes later is no callback.
    func record(from began: UInt64, to ended: UInt64) {
        guard watchers.load(ordering: .relaxed) & Self.counting != 0 else { return }
        let time = ended - min(began, ended)
        counts[LatencyReport.bucket(ofNanoseconds: time)].wrappingAdd(1, ordering: .relaxed)
        nanoseconds.wrappingAdd(time, ordering: .relaxed)
    }

    var report: LatencyReport {
        LatencyReport(
            counts: counts.indices.map { counts[$0].load(ordering: .relaxed) },
            nanoseconds: nanoseconds.load(ordering: .relaxed))
    }
}
