/// A file object in a queue. Not copyable: reading it through the queue's table touches no
/// reference count. After a detach it keeps the file object's memory, not its handle, until its
/// place is reused.
struct QueueEntry: ~Copyable {
    let file: FileObject
    /// The file's number with the engine.
    let engineFile: Int32
    /// The number of the attach that made it.
    let attach: UInt32
    /// Reads in flight.
    var inFlight = 0
    var isAttached = true

    init(file: FileObject, engineFile: Int32, attach: UInt32) {
        self.file = file
        self.engineFile = engineFile
        self.attach = attach
    }

    /// Counts a read in and finds its route.
    @inline(__always)
    mutating func begin(offset: UInt64, length: Int) -> ReadRoute {
        inFlight += 1
        let route = file.enterBypass(offset: offset, length: length)
        if route != .traditional { file.counters.count(route) }
        return route
    }

    /// Counts a bypassed read out.
    @inline(__always)
    mutating func end(_ route: ReadRoute) {
        inFlight -= 1
        assert(inFlight >= 0)
        file.leaveBypass(route)
    }
}
