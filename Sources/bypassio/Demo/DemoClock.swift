import Glibc

/// The clocks a pass is timed by, in seconds.
enum DemoClock {
    static var wall: Double { seconds(CLOCK_MONOTONIC) }

    /// User and system time of the whole process: an engine may have threads of its own.
    static var processCPU: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
