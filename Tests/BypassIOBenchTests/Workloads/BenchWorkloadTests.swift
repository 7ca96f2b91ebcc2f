import Testing

@testable import BypassIOBench

struct BenchWorkloadTests {
    @Test func namesAreUnique() {
        #expect(Set(BenchWorkload.all.map(\.name)).count == BenchWorkload.all.count)
    }

    @Test func theRoutesRunHasTheReadsOfTheKernelRoute() {
        #expect(
            BenchWorkload.ofRoutes.map(\.name) == [
                "4k-1", "4k-32", "64k-32", "1m-8", "cached-sequential", "cached-random-cold",
                "cached-random-warm",
            ])
    }
}
