/// The instances of a volume, compiled into the callbacks of each major function. Immutable; attach
/// and detach make a new chain.
final class FilterChain: Sendable {
    /// Highest altitude first.
    let instances: [FilterInstance]
    /// By `MajorFunction.rawValue`.
    private let operations: [OperationChain]
    /// The major functions that some filter has callbacks for, a bit each: see
    /// ``Volume/isFiltered(_:)``.
    let filteredFunctions: UInt32

    init(instances: [FilterInstance] = []) {
        let sorted = instances.sorted { $0.altitude > $1.altitude }
        self.instances = sorted
        let operations = MajorFunction.allCases.map { OperationChain(sorted, $0) }
        self.operations = operations
        filteredFunctions = MajorFunction.allCases.reduce(0) { bits, major in
            operations[Int(major.rawValue)].isEmpty ? bits : bits | Self.bit(of: major)
        }
        checkInvariants()
    }

    func operations(for major: MajorFunction) -> OperationChain {
        operations[Int(major.rawValue)]
    }

    static func bit(of major: MajorFunction) -> UInt32 { 1 << UInt32(major.rawValue) }

    func adding(_ instance: FilterInstance) -> FilterChain {
        FilterChain(instances: instances + [instance])
    }

    func removing(_ instance: FilterInstance) -> FilterChain {
        FilterChain(instances: instances.filter { $0 !== instance })
    }

    private func checkInvariants() {
        assert(zip(instances, instances.dropFirst()).allSatisfy { $0.altitude > $1.altitude })
        assert(operations.count == MajorFunction.allCases.count)
    }
}
