package import BypassIOProtocol

/// The mount that a control interface stands for. What it is asked may block, for a lock or for a
/// filter's callback: it is asked from threads that may wait.
package protocol ControlledVolume: Sendable {
    /// What is served, whose service it is, and whether it is still mounted.
    func identity(_ clients: ServiceReport.Clients) -> ServiceReport

    /// The filters' counters and the routes of reads.
    func report() throws(ControlFault) -> VolumeReport

    /// At most `limit` events that came after the event of that number. Waits for nobody.
    func events(after number: UInt64, limit: Int) -> EventPage

    /// An element whenever there may be new events; ends with the mount. Waits for nobody.
    func newsOfEvents() -> AsyncStream<Void>

    /// Begins to look; the result tells what happened from then until it is called, with so many
    /// of the busiest files and processes.
    func beginActivity() -> @Sendable (Int) -> ActivityReport

    /// What metrics tell beside ``report()``. Waits for nobody.
    func tallies() -> VolumeTallies

    /// From now on callbacks and requests are timed, for some minutes.
    func timeCallbacks()

    /// Begins to follow requests through the layers, as long as the result is there. Waits for
    /// nobody.
    func beginTrace(_ order: TraceOrder) throws(ControlFault) -> any RunningTrace

    func filters() -> FiltersReport

    /// Attached ones and those that callbacks keep from going, highest altitude first.
    func instances() -> [InstanceReport]

    /// Makes a filter known and attaches it (`fltmc load`).
    func load(_ order: AttachOrder) throws(ControlFault) -> AttachReport

    /// Attaches a filter, which is made known for that if it is not (`fltmc attach`).
    func attach(_ order: AttachOrder) throws(ControlFault) -> AttachReport

    /// Detaches every instance of a filter and forgets it.
    ///
    /// - Parameter isForced: the filter is not asked, and callbacks are not waited for.
    func unload(_ filter: String, isForced: Bool) throws(ControlFault) -> DetachReport

    /// Detaches an instance, by its name or by its filter's where that has one.
    ///
    /// - Parameter isForced: as of ``unload(_:isForced:)``.
    func detach(_ instance: String, isForced: Bool) throws(ControlFault) -> DetachReport

    /// Changes settings of the filter that an instance is of.
    func set(_ instance: String, _ settings: [String: String]) throws(ControlFault)
        -> InstanceReport

    /// What waits for a person, the oldest first.
    func questions() -> [QuestionReport]

    /// Answers a question; as it was.
    func answer(_ question: UInt64, _ order: AnswerOrder) throws(ControlFault) -> QuestionReport

    /// What rules do to each operation on a path from the volume's root.
    ///
    /// - Parameter program: an executable's path or name; nil for one that no rule names.
    func verdicts(on path: String, program: String?, user: UInt32) throws(ControlFault)
        -> [PolicyVerdictReport]

    /// Ports of filters, by their names.
    func ports() -> [PortReport]

    /// Connects a program to a filter's port, once the filter agrees.
    func connect(_ order: PortOrder) throws(ControlFault) -> any ConnectedPort

    /// Hands the mount to a new process, after which this one ends. Throws why it goes on itself.
    func restart() throws(ControlFault) -> RestartReport
}

/// Requests of a trace, as they are answered.
package protocol RunningTrace: AnyObject, Sendable {
    /// An element when there are requests after there were none; ends with the mount. For one
    /// listener.
    func news() -> AsyncStream<Void>

    /// Takes at most `limit` requests, the oldest first.
    func page(limit: Int) -> TracePage

    /// No request comes into it any more.
    func stop()
}

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

    /// How long the service took for one operation by one route, while that was timed.
    package struct Requests: Sendable {
        /// `open`, `read` or `write`.
        package let operation: String
        package let route: HandleRoute
        package let times: LatencyReport

        package init(operation: String, route: HandleRoute, times: LatencyReport) {
            self.operation = operation
            self.route = route
            self.times = times
        }
    }

    package var callbacks: [Callbacks] = []
    package var requests: [Requests] = []
    package var vetoes: [Vetoes] = []
    package var events = EventTallies()
    /// Lines that the log had no room for, or could not be written.
    package var lostLogLines: UInt64 = 0

    package init() {}
}
