/// Records a pass: its latencies, its beginning and its end.
///
/// Belongs to the thread that measures. Made once; passes allocate nothing through it between
/// ``begin(service:)`` and ``end(operations:bytes:)``.
package final class Recorder {
    package var histogram = LatencyHistogram()
    private var meter: Meter?

    package init() {}

    /// Starts counting. `service` is the process that serves the reads.
    func begin(service: Int32?) {
        histogram.clear()
        meter = Meter(service: service)
    }

    @inline(__always)
    func record(_ nanoseconds: UInt64) { histogram.record(nanoseconds) }

    func end(operations: UInt64, bytes: UInt64) -> Sample {
        let use = meter?.use() ?? Use()
        meter = nil
        return Sample(operations: operations, bytes: bytes, use: use, histogram: histogram)
    }
}
