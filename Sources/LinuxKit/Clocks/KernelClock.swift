internal import Glibc

/// The kernel's clocks (clock_gettime(2)). Any thread; no call fails.
package enum KernelClock {
    /// CLOCK_MONOTONIC, nanoseconds.
    package static var monotonic: UInt64 {
        let time = read(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// CLOCK_REALTIME_COARSE: now, as the kernel stamps files.
    package static var files: FileStatus.Time {
        let time = read(CLOCK_REALTIME_COARSE)
        return FileStatus.Time(
            seconds: Int64(time.tv_sec), nanoseconds: UInt32(truncatingIfNeeded: time.tv_nsec))
    }

    /// CLOCK_PROCESS_CPUTIME_ID: the time used by all threads of this process, in seconds.
    package static var ownCPUTime: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }

    /// The time used by all threads of a process, in seconds; nil if it is gone.
    package static func cpuTime(of process: Int32) -> Double? {
        var clock = clockid_t()
        guard unsafe clock_getcpuclockid(process, &clock) == 0 else { return nil }
        return seconds(clock)
    }

    private static func seconds(_ clock: clockid_t) -> Double {
        let time = read(clock)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return time
    }
}
