import Testing

@testable import BypassIOBench

struct LatencyHistogramTests {
    @Test func percentilesOfKnownValuesAreRightWithinABucket() throws {
        var histogram = LatencyHistogram()
        for value in UInt64(1)...10_000 { histogram.record(value) }
        #expect(histogram.total == 10_000)
        for (part, exact) in [(0.5, 5000.0), (0.99, 9900), (0.999, 9990), (1, 10_000)] {
            let found = Double(try #require(histogram.percentile(part)))
            #expect(found >= exact && found <= exact * (1 + 1.0 / 32), "\(part): \(found)")
        }
    }

    @Test func smallValuesAreExact() {
        var histogram = LatencyHistogram()
        for value in [UInt64(3), 3, 3, 31] { histogram.record(value) }
        #expect(histogram.percentile(0.75) == 3)
        #expect(histogram.percentile(0.76) == 31)
        #expect(histogram.percentile(0) == 3)
    }

    @Test func nothingHasNoPercentile() {
        #expect(LatencyHistogram().percentile(0.5) == nil)
    }

    @Test func everyBucketHoldsItsUpperEdgeAndTheNextOneStartsBehindIt() {
        for bucket in 0..<(LatencyHistogram.bucket(.max)) {
            let edge = LatencyHistogram.upperEdge(bucket)
            #expect(LatencyHistogram.bucket(edge) == bucket)
            #expect(LatencyHistogram.bucket(edge + 1) == bucket + 1)
        }
        #expect(LatencyHistogram.upperEdge(LatencyHistogram.bucket(.max)) == .max)
    }

    @Test func mergingIsCountingBoth() {
        var first = LatencyHistogram()
        var second = LatencyHistogram()
        first.record(10)
        second.record(1_000_000)
        var both = LatencyHistogram()
        both.record(10)
        both.record(1_000_000)
        first.merge(second)
        #expect(first == both)
        first.clear()
        #expect(first == LatencyHistogram())
    }
}
