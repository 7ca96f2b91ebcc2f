import IOStack

/// A way to run workloads. Belongs to the thread that measures.
protocol BenchRoute: AnyObject {
    var description: RouteDescription { get }

    /// Whether the workload makes sense on this route.
    func carries(_ workload: BenchWorkload) -> Bool

    /// Gets ready before anything is measured, and again after ``rest()``. Throws a ``BenchError``
    /// with the reason if the route is not available.
    func open() throws

    /// Runs a pass of about that many seconds. Throws a ``BenchError``.
    func run(_ workload: BenchWorkload, seconds: Double, seed: UInt64) throws -> Sample

    /// Stops the parts that would react when other routes change files.
    func rest()

    /// Removes everything that the route made. Harmless to call twice.
    func close()
}

extension BenchRoute {
    func rest() {}
}

/// A way from a program to the data, by its name in reports.
package struct RouteDescription: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// The backing directory itself.
        case native
        /// The backing directory, read by fio.
        case fio
        case inProcessBypass
        case inProcessTraditional
        case mountTraditional
        case mountServiceBypass
        case mountKernel
        /// Another file system over the same data, or any given directory.
        case peer
    }

    package let name: String
    package let kind: Kind
    /// Attached no-op filters; nil if the route has no filters of ours.
    package let filters: Int?

    package init(_ name: String, _ kind: Kind, filters: Int? = nil) {
        self.name = name
        self.kind = kind
        self.filters = filters
    }
}

/// The altitudes of the no-op filters, one for each.
enum NoOpAltitudes {
    static func first(_ count: Int) -> [Altitude] {
        (0..<count).map { Altitude(integer: 160_100 + UInt($0)) }
    }

    /// The options of `bypassio mount`.
    static func options(_ count: Int) -> [String] {
        first(count).flatMap { ["--filter", "noop=\($0)"] }
    }
}
