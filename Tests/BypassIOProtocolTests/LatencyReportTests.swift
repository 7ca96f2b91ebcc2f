import BypassIOProtocol
import Testing

/// The histogram of callbacks' times.
@Suite struct LatencyReportTests {
    @Test("each time is in the bucket that ends behind it, and begins where the one before ends")
    func buckets() {
        var time: UInt64 = 64
        while time < 60_000_000_000 {
            for near in [time - 1, time, time + 1] {
                let bucket = LatencyReport.bucket(ofNanoseconds: near)
                #expect(near < LatencyReport.end(ofBucket: bucket))
                if bucket > 0 { #expect(near >= LatencyReport.end(ofBucket: bucket - 1)) }
            }
            time += max(1, time / 7)
        }
        #expect(LatencyReport.bucket(ofNanoseconds: 0) == 0)
        #expect(LatencyReport.bucket(ofNanoseconds: .max) == LatencyReport.bucketCount - 1)
    }

    @Test("quantiles are the end of the bucket that the rank falls into")
    func quantiles() {
        var counts = [UInt64](repeating: 0, count: 10)
        counts[2] = 98
        counts[9] = 2
        let report = LatencyReport(counts: counts, nanoseconds: 0)
        #expect(report.count == 100)
        #expect(report.quantile(0.5) == LatencyReport.end(ofBucket: 2))
        #expect(report.quantile(0.98) == LatencyReport.end(ofBucket: 2))
        #expect(report.quantile(0.99) == LatencyReport.end(ofBucket: 9))
        #expect(LatencyReport(counts: [], nanoseconds: 0).quantile(0.5) == nil)
    }

    @Test("a later report less an earlier is what came between")
    func difference() {
        let earlier = LatencyReport(counts: [1, 2], nanoseconds: 100)
        let later = LatencyReport(counts: [1, 5, 1], nanoseconds: 700)
        #expect(later.since(earlier) == LatencyReport(counts: [0, 3, 1], nanoseconds: 600))
        #expect(later.since(later) == LatencyReport(counts: [], nanoseconds: 0))
    }
}
