/// The instances of a volume, compiled: for each major function the callbacks to run, top to
/// bottom. Immutable; attach and detach make a new one.
final class FilterChain: Sendable {
    /// Highest altitude first.
    let instances: [FilterInstance]
    /// By `MajorFunction.rawValue`.
    private let nodes: [[CallbackNode]]

    static let empty = FilterChain(instances: [])

    init(instances: [FilterInstance]) {
        let sorted = instances.sorted { $0.altitude > $1.altitude }
        self.instances = sorted
        nodes = MajorFunction.allCases.map { major in
            sorted.compactMap { instance in Self.node(of: instance, for: major) }
        }
        checkInvariants()
    }

    func nodes(for major: MajorFunction) -> [CallbackNode] {
        nodes[Int(major.rawValue)]
    }

    /// A filter that did not opt in stands in the way of file-system controls even without a
    /// callback of its own for them: the filter manager vetoes in its name.
    private static func node(of instance: FilterInstance, for major: MajorFunction) -> CallbackNode?
    {
        let row = instance.filter.registration.operations.first { $0.majorFunction == major }
        let vetoes = major == .fileSystemControl && !instance.filter.isOptedIn
        guard row?.preOperation != nil || row?.postOperation != nil || vetoes else { return nil }
        return CallbackNode(
            instance: instance, flags: row?.flags ?? [], preOperation: row?.preOperation,
            postOperation: row?.postOperation)
    }

    func adding(_ instance: FilterInstance) -> FilterChain {
        FilterChain(instances: instances + [instance])
    }

    func removing(_ instance: FilterInstance) -> FilterChain {
        FilterChain(instances: instances.filter { $0 !== instance })
    }

    private func checkInvariants() {
        assert(zip(instances, instances.dropFirst()).allSatisfy { $0.altitude > $1.altitude })
        assert(nodes.count == MajorFunction.allCases.count)
    }
}
