/// One way to run workloads. Belongs to the thread that measures.
protocol BenchRoute: AnyObject {
    var description: RouteDescription { get }

    /// Whether the workload means something here.
    func carries(_ workload: BenchWorkload) -> Bool

    /// Gets ready, before anything is measured; again after ``rest()``. Throws a ``BenchError``
    /// that says why the route cannot be had.
    func open() throws

    /// One pass of about that many seconds. Throws a ``BenchError``.
    func run(_ workload: BenchWorkload, seconds: Double, seed: UInt64) throws -> Sample

    /// Stops what would work along when others change files.
    func rest()

    /// Takes everything away again; harmless to call twice.
    func close()
}

extension BenchRoute {
    func rest() {}
}
