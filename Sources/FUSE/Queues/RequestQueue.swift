internal import DirectRead
internal import Synchronization
internal import SystemPackage

/// The requests of the programs that run on one CPU, which is what the kernel makes a queue for.
///
/// The kernel gives a request to the entry that became free last, and with it to the thread whose ring
/// that entry was committed on. So a thread that may have to wait for something has one entry at most,
/// which is the one whose request it carries: no request ever lies behind one that waits. These are the
/// ``QueueWorker``s; one that takes a request while no other waits for the next starts another first.
///
/// Where reads come many at a time that need nothing but the disk, the queue gets a ``QueueCarrier`` with
/// many entries, which waits for nothing but its ring and attends to the queue from then on.
final class RequestQueue: Sendable {
    /// Workers that wait for requests of one queue once it has a carrier: more sleep elsewhere.
    private static let idleWorkers = 4

    /// The CPU's number.
    let number: UInt16
    let channel: DeviceChannel
    /// Makes the carrier look at what was given back. Raised behind the change.
    let call: EventCounter

    /// Workers that wait here or are about to. Sequentially consistent: a worker counts itself in before
    /// it looks at the backlog a last time (``RequestQueues/hasBacklog``).
    private let idle = Atomic<Int>(0)
    /// There is a carrier, or soon will be. Set once; taken back when it could not be had.
    private let isCarried = Atomic<Bool>(false)
    /// Answered, for the carrier to commit.
    private let returned = Monitor<[QueueEntry]>([])

    /// Throws `EMFILE`, `ENFILE`, `ENOMEM`.
    init(number: UInt16, _ channel: DeviceChannel) throws(Errno) {
        self.number = number
        self.channel = channel
        call = try EventCounter()
    }

    // MARK: Workers

    /// Counts a worker in that is about to wait; false where enough do and the carrier takes the entry.
    func admitIdle() -> Bool {
        let count = idle.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        if count <= Self.idleWorkers || !hasCarrier { return true }
        leaveIdle()
        return false
    }

    /// Counts a worker in before it exists, where none waits; false where one does.
    func admitFirst() -> Bool {
        idle.compareExchange(
            expected: 0, desired: 1, ordering: .sequentiallyConsistent
        ).exchanged
    }

    func leaveIdle() {
        idle.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }

    var idleCount: Int { idle.load(ordering: .relaxed) }

    /// Nobody would take the next request.
    var isUnattended: Bool { !hasCarrier && idle.load(ordering: .sequentiallyConsistent) == 0 }

    // MARK: The carrier

    var hasCarrier: Bool { isCarried.load(ordering: .acquiring) }

    /// Whether the caller is to start it.
    func claimCarrier() -> Bool {
        !isCarried.exchange(true, ordering: .acquiringAndReleasing)
    }

    func giveUpCarrier() {
        isCarried.store(false, ordering: .releasing)
    }

    // MARK: The way back

    /// An answered entry for the carrier to commit. Any thread.
    func takeBack(_ entry: QueueEntry) {
        returned.withLock { $0.append(entry) }
        call.wake()
    }

    /// What was given back since.
    func takeReturned() -> [QueueEntry] {
        call.reset()
        return returned.withLock { entries in
            defer { entries = [] }
            return entries
        }
    }
}
