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

/// The moment on the monotonic clock at which a wait ends.
package struct Deadline {
    /// Nanoseconds of CLOCK_MONOTONIC; `nil` waits for ever.
    package let moment: Int64?

    package init(_ timeout: Duration?) {
        guard let timeout else {
            moment = nil
            return
        }
        let (seconds, attoseconds) = timeout.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, sumOverflow) = Self.now().addingReportingOverflow(
            whole.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue)
        // A timeout beyond 292 years waits for ever; a negative one has passed already.
        if overflow || sumOverflow {
            moment = seconds < 0 ? 0 : nil
        } else {
            moment = sum
        }
    }

    /// Nanoseconds left, at least 0; `nil` without an end.
    package var remaining: Int64? {
        moment.map { max(0, $0 - Self.now()) }
    }

    private static func now() -> Int64 { Int64(KernelClock.monotonic) }
}

/// A moment of the wall clock, in UTC.
package struct WallTime: Sendable, Equatable {
    /// Since 1970.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static var now: WallTime {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// ISO 8601 with microseconds: `2026-03-01T12:00:00.123456Z`.
    package var iso8601: String {
        let (microseconds, _) = Self.divided(nanoseconds, by: 1000)
        let (seconds, fraction) = Self.divided(microseconds, by: 1_000_000)
        let (day, second) = Self.divided(seconds, by: 86_400)
        let date = Self.date(ofDay: day).map { Self.digits($0, 2) }.joined(separator: "-")
        let time = [second / 3600, second / 60 % 60, second % 60].map { Self.digits($0, 2) }
        return "\(date)T\(time.joined(separator: ":")).\(Self.digits(fraction, 6))Z"
    }

    /// Year, month and day. Days count from 1970; a year here begins in March, so that its last day
    /// is the one that comes and goes.
    private static func date(ofDay day: Int64) -> [Int64] {
        // Of 400 years, which have 146,097 days, since 0000-03-01.
        let (era, place) = divided(day + 719_468, by: 146_097)
        let year = (place - place / 1460 + place / 36_524 - place / 146_096) / 365
        let dayOfYear = place - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let isNext = month >= 10
        return [
            year + era * 400 + (isNext ? 1 : 0), isNext ? month - 9 : month + 3,
            dayOfYear - (153 * month + 2) / 5 + 1,
        ]
    }

    /// Rounds down, also before 1970.
    private static func divided(_ number: Int64, by divisor: Int64) -> (Int64, Int64) {
        let (quotient, rest) = number.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
    }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
