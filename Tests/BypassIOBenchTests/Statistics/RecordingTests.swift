import CAllocationCounter
import Testing

@testable import BypassIOBench

@Suite(.serialized)
struct RecordingTests {
    @Test(.enabled(if: bpio_counting_available(), "allocations cannot be counted in this build"))
    func recordingAllocatesNothing() {
        let recorder = Recorder()
        recorder.record(1)
        var counts = bpio_counts()
        bpio_count_begin()
        // Not a loop over a range, whose iterator allocates in debug builds.
        var value: UInt64 = 0
        while value < 10_000 {
            recorder.record(value &* value)
            value += 1
        }
        unsafe bpio_count_end(&counts)
        #expect(counts.allocations == 0)
        #expect(recorder.histogram.total == 10_001)
    }
}
