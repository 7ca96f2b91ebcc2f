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

    /// From now on callbacks are timed, for some minutes.
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
