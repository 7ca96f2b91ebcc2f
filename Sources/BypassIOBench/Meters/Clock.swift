import Glibc

/// The clock that everything is timed by.
enum Clock {
    /// Nanoseconds of CLOCK_MONOTONIC.
    @inline(__always)
    static var now: UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
