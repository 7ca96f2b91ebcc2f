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
