import Glibc

/// Wall clock and the CPU time of the calling thread, user and system, in seconds.
struct ThreadClock {
    let wall: Double
    let cpu: Double

    static var now: ThreadClock {
        ThreadClock(wall: seconds(CLOCK_MONOTONIC), cpu: seconds(CLOCK_THREAD_CPUTIME_ID))
    }

    /// The CPU time of the whole process: what an engine with threads of its own costs.
    static var processCPU: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
