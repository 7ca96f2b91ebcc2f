internal import BypassIOProtocol
import Synchronization

/// How long an instance's callbacks take, for each major function, measured only while somebody
/// looks: otherwise a callback costs one load and one branch more.
///
/// Every operation is relaxed, as those of ``LatencyCounter``.
struct CallbackTimes: ~Copyable, Sendable {
    /// Who looks: one that counts times, and one that is told of each callback.
    private let watchers = Synchronization.Atomic<UInt8>(0)
    /// By the number of the major function.
    private let times: [14 of LatencyCounter]

    private static var counting: UInt8 { 1 }
    private static var telling: UInt8 { 2 }

    init() {
        times = [14 of LatencyCounter] { _ in LatencyCounter() }
        assert(MajorFunction.allCases.count == times.count)
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
        times[Int(function.rawValue)].record(from: began, to: ended)
    }

    func report(of function: MajorFunction) -> LatencyReport {
        times[Int(function.rawValue)].report
    }

    /// Of all functions together.
    var report: LatencyReport {
        times.indices.reduce(LatencyReport(counts: [], nanoseconds: 0)) { sum, place in
            sum.adding(times[place].report)
        }
    }
}
