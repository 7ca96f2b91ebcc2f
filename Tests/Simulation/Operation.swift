import IOStack

/// A step under way.
final class Operation {
    let step: Step
    let life: Life
    /// When it began, by the world's counter of events.
    let began: Int
    /// Calls below so far.
    private(set) var calls = 0
    /// The fault, once a call below has met it.
    private(set) var met: Fault?
    /// The errno with which a filter failed it on purpose.
    var refusal: Int32?

    /// For a read: the handle, and what has seen it on its way.
    var handle: Handle?
    var isSeenByFilters = false
    var isSeenByDrivers = false
    var hasReachedDisk = false
    /// It is at the disk, and skipped the filters, or the volume drivers.
    var skipsFilters = false
    var skipsDrivers = false
    /// Another step that may change routes and verdicts was under way at the same time.
    var overlaps = false
    /// It may change routes and verdicts; a read, too, whose handle closed meanwhile.
    var changesRoutes: Bool
    /// Another step was under way at some time, or a thread of the service.
    var hadCompany = false

    init(_ step: Step, _ life: Life, began: Int) {
        (self.step, self.life, self.began) = (step, life, began)
        changesRoutes = step.verb.changesRoutes
    }

    /// The fault that the next call below meets.
    func nextFault() -> Fault? {
        defer { calls += 1 }
        guard let fault = step.fault, fault.call == calls else { return nil }
        return fault
    }

    func meet(_ fault: Fault) { met = fault }

    func leaveDisk() { (skipsFilters, skipsDrivers) = (false, false) }

    /// Whether the fault may come up as this errno. A link in the place of a directory (ELOOP) is a
    /// stale name to the service.
    func gave(_ errno: Int32) -> Bool {
        errno != 0 && (errno == metErrno || errno == refusal || metErrno == 40 && errno == 116)
    }

    /// The errno that the fault gives; nil: none, or a fault without an errno.
    var metErrno: Int32? {
        guard let met, met.kind != .short, met.kind != .late else { return nil }
        return Int32(met.value)
    }
}
