public import BypassIOProtocol
internal import IOStack
internal import Synchronization

/// How long the service takes for opens, reads and writes, by route, while somebody looks:
/// otherwise a request costs one load and one branch more.
///
/// Any thread. Relaxed: of requests under way at a change a part is counted.
final class RequestTimes: Sendable {
    /// What is timed.
    enum Timed {
        /// From the request to its answer, by the route that the answer gives.
        case open(HandleRoute)
        /// The way through the stack and the disk, or past the filters.
        case read(HandleRoute)
        /// Writes never bypass.
        case write
    }

    private let isOn = Atomic<Bool>(false)
    private let opens: [4 of LatencyCounter]
    private let reads: [4 of LatencyCounter]
    private let writes = LatencyCounter()

    init() {
        opens = [4 of LatencyCounter] { _ in LatencyCounter() }
        reads = [4 of LatencyCounter] { _ in LatencyCounter() }
        assert(HandleRoute.allCases.count == opens.count)
    }

    func time(_ isOn: Bool) { self.isOn.store(isOn, ordering: .relaxed) }

    /// Before a request; 0 while nobody looks.
    @inline(__always)
    func begin() -> UInt64 { isOn.load(ordering: .relaxed) ? LayerClock.now : 0 }

    func record(_ timed: Timed, since began: UInt64) {
        let now = LayerClock.now
        switch timed {
        case .open(let route): opens[route.place].record(from: began, to: now)
        case .read(let route): reads[route.place].record(from: began, to: now)
        case .write: writes.record(from: began, to: now)
        }
    }

    /// What was timed so far. Reads by the kernel that it carries alone are nobody's to time.
    var report: [RequestTimesReport] {
        var report: [RequestTimesReport] = []
        for route in HandleRoute.allCases {
            report.append(RequestTimesReport("open", route, opens[route.place].report))
            report.append(RequestTimesReport("read", route, reads[route.place].report))
        }
        report.append(RequestTimesReport("write", .traditional, writes.report))
        return report.filter { $0.times.count > 0 }
    }
}

extension HandleRoute {
    fileprivate var place: Int {
        switch self {
        case .traditional: 0
        case .serviceBypass: 1
        case .kernelBypass: 2
        case .gated: 3
        }
    }
}

/// How long the service took for one operation by one route, while somebody looked.
public struct RequestTimesReport: Sendable {
    /// `open`, `read` or `write`.
    public let operation: String
    public let route: HandleRoute
    public let times: LatencyReport

    init(_ operation: String, _ route: HandleRoute, _ times: LatencyReport) {
        self.operation = operation
        self.route = route
        self.times = times
    }
}
