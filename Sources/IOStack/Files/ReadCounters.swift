import Synchronization

/// Counts a file object's reads. Any thread. Relaxed: the numbers are for people, and order
/// nothing. The causes take no memory before the first of them.
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

    /// A read of `length` bytes that the kernel asked about and does by itself.
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

/// How often reads of a file object with bypass enabled took the traditional route, by cause. Part
/// of ``ReadCounters``, whose rules hold here.
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
