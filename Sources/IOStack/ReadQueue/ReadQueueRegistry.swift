/// The queues of this process, so that a thread that waits can move on the reads that only it can
/// finish, whatever volume they are of.
///
/// Lock order: a leaf.
final class ReadQueueRegistry: Sendable {
    static let process = ReadQueueRegistry()

    private let queues = Guarded<[WeakReadQueue]>([])

    func add(_ queue: WeakReadQueue) {
        queues.withLock { $0.append(queue) }
    }

    func remove(_ id: ObjectIdentifier) {
        queues.withLock { queues in queues.removeAll { $0.id == id } }
    }

    /// Moves on the reads in flight that only the calling thread can finish, so that a wait on that
    /// thread does not wait for itself.
    func advanceOwnReads() -> DrainProgress {
        let mine = queues.withLock { $0.compactMap(\.own) }
        var progress = DrainProgress.nothing
        for queue in mine {
            switch queue.advanceForDrain() {
            case .advanced: return .advanced
            case .toBeAskedAgain: progress = .toBeAskedAgain
            case .nothing: break
            }
        }
        return progress
    }
}
