import Synchronization

/// How a file object's reads went. Relaxed counting: the numbers are for people, nothing is
/// ordered by them.
final class ReadCounters: Sendable {
    private let routes: [4 of Atomic<UInt64>]
    private let causes: [10 of Atomic<UInt64>]
    private let gated = Atomic<UInt64>(0)

    init() {
        routes = [4 of Atomic<UInt64>] { _ in Atomic(0) }
        causes = [10 of Atomic<UInt64>] { _ in Atomic(0) }
        assert(ReadRoute.allCases.count == routes.count)
        assert(TraditionalCause.allCases.count == causes.count)
    }

    @inline(__always)
    func count(_ route: ReadRoute) {
        routes[Int(route.rawValue)].wrappingAdd(1, ordering: .relaxed)
    }

    @inline(__always)
    func refuse(_ cause: TraditionalCause) -> ReadRoute {
        causes[Int(cause.rawValue)].wrappingAdd(1, ordering: .relaxed)
        return .traditional
    }

    /// A read that the kernel carries, and asked for.
    func countGated() { gated.wrappingAdd(1, ordering: .relaxed) }

    var gatedReads: UInt64 { gated.load(ordering: .relaxed) }

    var byRoute: [ReadRoute: UInt64] {
        var counts: [ReadRoute: UInt64] = [:]
        for route in ReadRoute.allCases {
            counts[route] = routes[Int(route.rawValue)].load(ordering: .relaxed)
        }
        return counts
    }

    var byCause: [TraditionalCause: UInt64] {
        var counts: [TraditionalCause: UInt64] = [:]
        for cause in TraditionalCause.allCases {
            counts[cause] = causes[Int(cause.rawValue)].load(ordering: .relaxed)
        }
        return counts
    }
}
