internal import FUSE
internal import IOStack

/// The notices that the mount itself sends to the kernel: a failed request may have changed
/// something nevertheless, and the kernel has to write pages back now.
///
/// A notice about a node's attributes takes no lock under which the kernel waits for an answer. So
/// the thread that carries the request sends the notice before it answers, and the next program
/// gets the right attributes. All other notices wait for locks and pages that the request's sender
/// may hold: ``FreeThreads`` send them.
///
/// Any thread may call.
final class KernelNotices: Sendable {
    /// How many notices may hang at once before others are dropped.
    private static let threadLimit = 8

    private let threads = FreeThreads(limit: threadLimit)
    /// Set once the volume is mounted. An earlier request sends no notice.
    private let notifier = Guarded<Notifier?>(nil)

    func begin(_ notifier: Notifier) {
        self.notifier.withLock { $0 = notifier }
    }

    /// Call after the file system is unmounted or its connection has ended.
    func stop() { threads.stop() }

    private var current: Notifier? { notifier.withLock { $0 } }

    /// Makes the kernel ask for the node's attributes and ACLs anew. If the kernel does not know
    /// the node, that is no error.
    func forgetAttributes(of node: NodeID) {
        try? current?.invalidate(node: node, offset: -1)
    }

    /// The kernel's pages of this part of a file may differ from the file.
    func forgetData(of node: NodeID, _ range: Range<UInt64>) {
        guard let notifier = current, let (offset, length) = Self.extent(range) else { return }
        _ = threads.run { try? notifier.invalidate(node: node, offset: offset, length: length) }
    }

    /// A name may have appeared or disappeared.
    func forgetName(_ name: [UInt8], in directory: NodeID) {
        guard let notifier = current else { return }
        let isTaken = threads.run {
            try? notifier.invalidate(name: name, in: directory, expireOnly: true)
        }
        // Invalidates every name; the kernel then looks each up again.
        if !isTaken { try? notifier.invalidateAllNames() }
    }

    /// Makes the kernel write back what programs stored to mappings of a part of a file, and waits
    /// for it. Returns whether the kernel did. The kernel drops its pages of the part.
    ///
    /// Call from ``run(_:)`` only: the kernel sends WRITE requests meanwhile and waits for them.
    func writeBack(_ node: NodeID, _ range: Range<UInt64>) -> Bool {
        guard let notifier = current, let (offset, length) = Self.extent(range) else {
            return range.isEmpty
        }
        return (try? notifier.invalidate(node: node, offset: offset, length: length)) != nil
    }

    /// Gives a job to a thread that carries no request; returns false, without doing it, if there
    /// is none.
    func run(_ job: @escaping @Sendable () -> Void) -> Bool { threads.run(job) }

    /// nil for an empty range, because the kernel takes a length of 0 for everything.
    private static func extent(_ range: Range<UInt64>) -> (offset: Int64, length: Int64)? {
        let offset = Int64(clamping: range.lowerBound)
        let length = Int64(clamping: range.upperBound) - offset
        return length > 0 ? (offset, length) : nil
    }
}
