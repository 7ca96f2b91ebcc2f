internal import BypassIOProtocol
import Synchronization

/// How long an instance's callbacks take, for each major function, measured only while somebody
/// looks: otherwise a callback costs one load and one branch more.
///
/// Every operation is relaxed: counters order nothing. The atomics are the standard library's in
/// the build of the search, too: nothing that threads do depends on them.
struct CallbackTimes: ~Copyable, Sendable {
    /// Who looks: one that counts times, and one that is told of each callback.
    private let watchers = Synchronization.Atomic<UInt8>(0)
    /// By the number of the major function.
    private let nanoseconds: [14 of Synchronization.Atomic<UInt64>]
    /// The buckets of the first function, then those of the next.
    private let counts: [1736 of Synchronization.Atomic<UInt64>]

    private static var counting: UInt8 { 1 }
    private static var telling: UInt8 { 2 }

    init() {
        nanoseconds = [14 of Synchronization.Atomic<UInt64>] { _ in Synchronization.Atomic(0) }
        counts = [1736 of Synchronization.Atomic<UInt64>] { _ in Synchronization.Atomic(0) }
        assert(MajorFunction.allCases.count == nanoseconds.count)
        assert(LatencyReport.bucketCount * nanoseconds.count == counts.count)
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
    func record(_ function: MajorFunction, from began: UInt64, to ended: UInt64) {
        guard watchers.load(ordering: .relaxed) & Self.counting != 0 else { return }
        let time = ended - min(began, ended)
        let place = Int(function.rawValue)
        let bucket = LatencyReport.bucket(ofNanoseconds: time)
        counts[place * LatencyReport.bucketCount + bucket].wrappingAdd(1, ordering: .relaxed)
        nanoseconds[place].wrappingAdd(time, ordering: .relaxed)
    }

    func report(of function: MajorFunction) -> LatencyReport {
        let place = Int(function.rawValue)
        let start = place * LatencyReport.bucketCount
        return LatencyReport(
            counts: (start..<start + LatencyReport.bucketCount).map {
                counts[$0].load(ordering: .relaxed)
            }, nanoseconds: nanoseconds[place].load(ordering: .relaxed))
    }

    /// Of all functions together.
    var report: LatencyReport {
        var sums = [UInt64](repeating: 0, count: LatencyReport.bucketCount)
        for place in counts.indices {
            sums[place % sums.count] &+= counts[place].load(ordering: .relaxed)
        }
        return LatencyReport(
            counts: sums,
            nanoseconds: nanoseconds.indices.reduce(0) {
                $0 &+ nanoseconds[$1].load(ordering: .relaxed)
            })
    }
}
