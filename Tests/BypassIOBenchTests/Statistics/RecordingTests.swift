import CAllocationCounter
import Testing

@testable import BypassIOBench

@Suite(.serialized)
struct RecordingTests {
    @Test(.enabled(if: bpio_counting_available(), "allocations cannot be counted in this build"))
    func recordingAllocatesNothing() {
        let recorder = Recorder()
        recorder.histogram.record(1)
        var counts = bpio_counts()
        bpio_count_begin()
        for value in UInt64(0)..<10_000 { recorder.histogram.record(value &* value) }
        unsafe bpio_count_end(&counts)
        #expect(counts.allocations == 0)
        #expect(recorder.histogram.total == 10_001)
    }
}
