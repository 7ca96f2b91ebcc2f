import Synchronization

/// Why reads of a file object with bypass enabled took the traditional route, how often. Part of
/// ``ReadCounters``, whose rules hold here.
struct CauseCounters: ~Copyable, Sendable {
    private let causes: [10 of Atomic<UInt64>]

    init() {
        causes = [10 of Atomic<UInt64>] { _ in Atomic(0) }
        assert(TraditionalCause.allCases.count == causes.count)
    }

    func count(_ cause: TraditionalCause) {
        causes[Int(cause.rawValue)].wrappingAdd(1, ordering: .relaxed)
    }

    var byCause: [TraditionalCause: UInt64] {
        var counts: [TraditionalCause: UInt64] = [:]
        for cause in TraditionalCause.allCases {
            counts[cause] = causes[Int(cause.rawValue)].load(ordering: .relaxed)
        }
        return counts
    }
}
