internal import FUSE
internal import IOStack

/// What the mount itself tells the kernel: that a request which failed may have changed something
/// all the same, and that pages are to be written back now.
///
/// To tell of a node's attributes takes no lock over which the kernel waits for an answer. So the
/// thread that carries the request does it before it answers, and whoever asks next hears what is
/// true. Everything else waits for locks and pages that the request's sender may hold:
/// ``FreeThreads`` do it.
///
/// Any thread.
final class KernelNotices: Sendable {
    /// How many things may hang at the same time before others go without.
    private static let threadLimit = 8

    private let threads = FreeThreads(limit: threadLimit)
    /// Made once the volume is mounted. A request that comes before tells nothing.
    private let notifier = Guarded<Notifier?>(nil)

    func begin(_ notifier: Notifier) {
        self.notifier.withLock { $0 = notifier }
    }

    /// After the file system is unmounted or its connection has ended.
    func stop() { threads.stop() }

    private var current: Notifier? { notifier.withLock { $0 } }

    /// Attributes and ACLs of a node are asked for anew. That the kernel does not know it is no
    /// error.
    func forgetAttributes(of node: UInt64) {
        try? current?.invalidate(node: node, offset: -1)
    }

    /// The kernel's pages of a part of a file may not be what the file holds.
    func forgetData(of node: UInt64, _ range: Range<UInt64>) {
        guard let notifier = current, let (offset, length) = Self.extent(range) else { return }
        _ = threads.run { try? notifier.invalidate(node: node, offset: offset, length: length) }
    }

    /// A name may have come or gone.
    func forgetName(_ name: [UInt8], in directory: UInt64) {
        guard let notifier = current else { return }
        let isTaken = threads.run {
            try? notifier.invalidate(name: name, in: directory, expireOnly: true)
        }
        // Every name, at the price of looking each up again.
        if !isTaken { try? notifier.invalidateAllNames() }
    }

    /// Has the kernel write back what programs stored to mappings of a part of a file, and waits
    /// for it; whether that was done. Pages of the part go from the kernel's cache.
    ///
    /// From ``run(_:)`` only: the kernel sends WRITE requests meanwhile and waits for them.
    func writeBack(_ node: UInt64, _ range: Range<UInt64>) -> Bool {
        guard let notifier = current, let (offset, length) = Self.extent(range) else {
            return range.isEmpty
        }
        return (try? notifier.invalidate(node: node, offset: offset, length: length)) != nil
    }

    /// Has a thread that carries no request do something; false, and it is not done, if there is
    /// none.
    func run(_ job: @escaping @Sendable () -> Void) -> Bool { threads.run(job) }

    /// nil for an empty range; the kernel takes a length of 0 for everything.
    private static func extent(_ range: Range<UInt64>) -> (offset: Int64, length: Int64)? {
        let offset = Int64(clamping: range.lowerBound)
        let length = Int64(clamping: range.upperBound) - offset
        return length > 0 ? (offset, length) : nil
    }
}
