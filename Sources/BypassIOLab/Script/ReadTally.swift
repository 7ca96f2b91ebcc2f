public import IOStack

/// A file object's counters at one moment. The difference of two shows the route between them.
public struct ReadTally: Codable, Sendable, Equatable {
    private var routes: [UInt64]
    private var causes: [UInt64]

    public init(_ file: FileObject) {
        let byRoute = file.readsByRoute
        let byCause = file.traditionalReadsByCause
        routes = ReadRoute.allCases.map { byRoute[$0] ?? 0 }
        causes = TraditionalCause.allCases.map { byCause[$0] ?? 0 }
    }

    /// Puts the route and the cause of the single read since `earlier` into `outcome`; leaves both
    /// nil if there were several.
    public func tell(since earlier: ReadTally, _ outcome: inout Outcome) {
        outcome.route = Self.only(routes, earlier.routes)
        outcome.cause = Self.only(causes, earlier.causes)
    }

    private static func only(_ now: [UInt64], _ before: [UInt64]) -> UInt8? {
        let grown = zip(now, before).map { $0 &- $1 }
        guard grown.reduce(0, &+) == 1 else { return nil }
        return grown.firstIndex(of: 1).map { UInt8($0) }
    }
}
