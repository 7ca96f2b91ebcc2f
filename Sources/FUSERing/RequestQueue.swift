internal import FUSE
internal import LinuxKit
internal import Locks
internal import Synchronization
internal import SystemPackage

/// The requests of the programs that run on one CPU: the kernel makes a queue for each.
///
/// The kernel gives a request to the entry that became free last, and with it to the thread whose
/// ring that entry was committed on. So a thread that may have to wait for something has one entry
/// at most, that of the request it carries: no request ever lies behind a request that waits. Such
/// threads are the ``QueueWorker``s. A single worker serves a program that asks one thing at a
/// time, with no change of threads but the two that a question and its answer take.
///
/// All else comes to the queue's ``QueueCarrier``, which has many entries and waits for nothing but
/// its ring. It must be there from the beginning: an entry that is registered when requests lie in
/// the kernel already does not get them (linux/fs/fuse/dev_uring.c, `fuse_uring_do_register`; only
/// a commit does).
final class RequestQueue: Sendable {
    /// The CPU's number.
    let number: UInt16
    let channel: DeviceChannel
    /// Makes the carrier look at the entries that were given back. Raised behind the change.
    let call: EventCounter

    /// Workers that wait here or are about to. Sequentially consistent: a worker counts itself in
    /// before it looks at the backlog a last time (``RequestQueues/hasBacklog``).
    private let idle = Atomic<Int>(0)
    /// For the carrier.
    private let returned = Monitor<[QueueEntry]>([])

    /// Throws `EMFILE`, `ENFILE`, `ENOMEM`.
    init(number: UInt16, _ channel: DeviceChannel) throws(Errno) {
        self.number = number
        self.channel = channel
        call = try EventCounter()
    }

    // MARK: Workers

    /// Counts a worker in that is about to wait with an entry of this queue.
    func enterIdle() {
        idle.wrappingAdd(1, ordering: .sequentiallyConsistent)
    }

    func leaveIdle() {
        idle.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }

    /// Enough workers wait for a worker's entry to be the carrier's better.
    var hasSpareWorkers: Bool { idleCount >= 2 }

    var idleCount: Int { idle.load(ordering: .relaxed) }

    // MARK: The way back

    /// An entry for the carrier: to commit if it is answered, otherwise to begin its read. Any
    /// thread.
    func takeBack(_ entry: QueueEntry) {
        returned.withLock { $0.append(entry) }
        call.raise()
    }

    /// The entries that were given back since.
    func takeReturned() -> [QueueEntry] {
        call.reset()
        return returned.withLock { entries in
            defer { entries = [] }
            return entries
        }
    }
}
