import Glibc

/// A moment on the monotonic clock until which a wait may last.
struct Deadline {
    // Nanoseconds of CLOCK_MONOTONIC; `nil` waits for ever.
    private let moment: Int64?

    init(_ timeout: Duration?) {
        guard let timeout else {
            moment = nil
            return
        }
        let (seconds, attoseconds) = timeout.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflow) = Self.now().addingReportingOverflow(
            whole.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue)
        // Beyond 292 years is for ever; a negative timeout has passed already.
        if overflow || sumOverflow {
            moment = seconds < 0 ? 0 : nil
        } else {
            moment = sum
        }
    }

    /// Nanoseconds left, at least 0; `nil` without an end.
    var remaining: Int64? {
        moment.map { max(0, $0 - Self.now()) }
    }

    /// The moment as `pthread_cond_timedwait` takes it on a monotonic condition.
    var timespec: timespec? {
        moment.map {
            Glibc.timespec(
                tv_sec: Int(max(0, $0) / 1_000_000_000), tv_nsec: Int(max(0, $0) % 1_000_000_000))
        }
    }

    private static func now() -> Int64 {
        var time = Glibc.timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
