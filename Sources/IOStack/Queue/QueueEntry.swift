public import BypassIOProtocol

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

/// A file object in a queue: ``ReadQueue/attach(_:)`` makes it.
@frozen
public struct QueuedFile: Hashable, Sendable {
    let index: Int32
    let attach: UInt32
}

/// The state of a queue's slot.
struct ReadSlot {
    enum Phase: UInt8 {
        case free
        /// A filter or volume driver is called, or a filter keeps the request.
        case inFilters
        /// At the storage.
        case inStorage
        /// Done, and its bytes not yet released.
        case done
    }

    var phase = Phase.free
    var route = ReadRoute.traditional
    var file: Int32 = -1
    /// The read's number in the queue.
    var number: UInt32 = 0
    var hostErrno: Int32 = 0
    var tag: UInt64 = 0
    var offset: UInt64 = 0
    var length = 0
    /// Bytes read, once done.
    var count = 0
    /// An NTSTATUS, once done.
    var status: UInt32 = 0
}

/// A read of a queue that is done.
@frozen
public struct ReadCompletion: Sendable {
    /// The tag that the caller gave ``ReadQueue/read(_:at:length:tag:)``.
    public let tag: UInt64
    /// Its bytes lie in this slot until ``ReadQueue/release(_:)``.
    public let slot: Int
    let number: UInt32
    /// Bytes read; fewer than asked at the end of the file.
    public let count: Int
    public let status: NTStatus
    /// The host's errno; 0 if there was none.
    public let hostErrno: Int32
    public let route: ReadRoute

    /// nil if the read succeeded.
    public var failure: IOFailure? {
        status.isError ? IOFailure(status, hostErrno: hostErrno) : nil
    }
}

/// Slots whose pended requests a filter completed on another thread.
///
/// Lock order: a leaf.
final class ResumeInbox: Sendable {
    private let slots = Guarded<[Int]>([])

    func post(_ slot: Int) {
        slots.withLock { $0.append(slot) }
    }

    /// One at a time: continuing a request may look here again.
    func take() -> Int? {
        slots.withLock { $0.popLast() }
    }
}
