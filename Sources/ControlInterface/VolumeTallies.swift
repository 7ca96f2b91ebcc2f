package import BypassIOProtocol

/// What `/metrics` tells beside the reports: more than `bypassio filters` has room for.
package struct VolumeTallies: Sendable {
    /// How long callbacks of one filter took for one operation, while they were timed.
    package struct Callbacks: Sendable {
        package let filter: String
        package let altitude: String
        /// As Windows calls it, such as `IRP_MJ_READ`.
        package let operation: String
        package let times: LatencyReport

        package init(
            filter: String, altitude: String, operation: String, times: LatencyReport
        ) {
            self.filter = filter
            self.altitude = altitude
            self.operation = operation
            self.times = times
        }
    }

    /// Vetoes that programs met.
    package struct Vetoes: Sendable {
        package let driver: String
        /// As Windows calls the status.
        package let cause: String
        package let count: UInt64

        package init(driver: String, cause: String, count: UInt64) {
            self.driver = driver
            self.cause = cause
            self.count = count
        }
    }

    package var callbacks: [Callbacks] = []
    package var vetoes: [Vetoes] = []
    package var events = EventTallies()
    /// Lines that the log had no room for, or could not be written.
    package var lostLogLines: UInt64 = 0

    package init() {}
}
