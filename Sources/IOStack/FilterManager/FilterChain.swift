/// The instances of a volume, compiled: for each major function the callbacks to run. Immutable;
/// attach and detach make a new one.
final class FilterChain: Sendable {
    /// Highest altitude first.
    let instances: [FilterInstance]
    /// By `MajorFunction.rawValue`.
    private let operations: [OperationChain]
    /// The ENABLEs that pass this chain; one that a detach made shares it.
    let enables: EnableEpoch

    init(instances: [FilterInstance] = [], enables: EnableEpoch = EnableEpoch(after: nil)) {
        self.enables = enables
        let sorted = instances.sorted { $0.altitude > $1.altitude }
        self.instances = sorted
        operations = MajorFunction.allCases.map { OperationChain(sorted, $0) }
        checkInvariants()
    }

    func operations(for major: MajorFunction) -> OperationChain {
        operations[Int(major.rawValue)]
    }

    func adding(_ instance: FilterInstance) -> FilterChain {
        FilterChain(
            instances: instances + [instance], enables: EnableEpoch(after: enables))
    }

    func removing(_ instance: FilterInstance) -> FilterChain {
        FilterChain(instances: instances.filter { $0 !== instance }, enables: enables)
    }

    private func checkInvariants() {
        assert(zip(instances, instances.dropFirst()).allSatisfy { $0.altitude > $1.altitude })
        assert(operations.count == MajorFunction.allCases.count)
    }
}
