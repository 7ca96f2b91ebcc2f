import Synchronization

/// How a file object's reads went. Any thread. Relaxed counting: the numbers are for people, nothing is
/// ordered by them. Takes no memory for causes before there was one.
struct ReadCounters: ~Copyable, Sendable {
    private let routes: [4 of Atomic<UInt64>]
    private let causes = OnDemand<CauseCounters>()
    private let gated = Atomic<UInt64>(0)
    private let gatedBytes = Atomic<UInt64>(0)

    init() {
        routes = [4 of Atomic<UInt64>] { _ in Atomic(0) }
        assert(ReadRoute.allCases.count == routes.count)
    }

    @inline(__always)
    func count(_ route: ReadRoute) {
        routes[Int(route.rawValue)].wrappingAdd(1, ordering: .relaxed)
    }

    func refuse(_ cause: TraditionalCause) -> ReadRoute {
        unsafe causes.made { CauseCounters() }.pointee.count(cause)
        return .traditional
    }

    /// A read of `length` bytes that the kernel carries, and asked for.
    func countGated(_ length: Int) {
        gated.wrappingAdd(1, ordering: .relaxed)
        gatedBytes.wrappingAdd(UInt64(max(0, length)), ordering: .relaxed)
    }

    var gatedReads: (count: UInt64, bytes: UInt64) {
        (gated.load(ordering: .relaxed), gatedBytes.load(ordering: .relaxed))
    }

    var byRoute: [ReadRoute: UInt64] {
        var counts: [ReadRoute: UInt64] = [:]
        for route in ReadRoute.allCases {
            counts[route] = routes[Int(route.rawValue)].load(ordering: .relaxed)
        }
        return counts
    }

    var byCause: [TraditionalCause: UInt64] {
        unsafe causes.found?.pointee.byCause ?? CauseCounters().byCause
    }
}
