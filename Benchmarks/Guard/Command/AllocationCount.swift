import CAllocationCounter
import GuardedRoutes

/// Allocations and retains of the routes within the process.
enum AllocationCount {
    private static let operations = 1000

    static func measure() -> Measurement {
        var measured = Measurement()
        guard bpio_counting_available() else {
            measured.skip(
                [.allocations, .retains],
                "a sanitizer or another C library than glibc owns the allocator")
            return measured
        }
        do {
            for route in try InProcessRoute.all() {
                try route.run(operations)
                let counts = try count { try route.run(operations) }
                measured.add(
                    Figure(
                        .allocations, route.name, Double(counts.allocations) / Double(operations)))
                guard bpio_reference_counting_available() else { continue }
                measured.add(
                    Figure(.retains, route.name, Double(counts.retains) / Double(operations)))
            }
        } catch {
            measured.skip([.allocations, .retains], error)
        }
        if !bpio_reference_counting_available() {
            measured.skip([.retains], "the Swift runtime is linked statically")
        }
        return measured
    }

    private static func count(_ body: () throws -> Void) throws -> bpio_counts {
        var counts = bpio_counts()
        bpio_count_begin()
        let outcome = Result { try body() }
        unsafe bpio_count_end(&counts)
        try outcome.get()
        return counts
    }
}
