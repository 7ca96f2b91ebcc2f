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
