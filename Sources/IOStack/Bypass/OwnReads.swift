/// Reads that only their own thread can finish: those of a queue.
protocol OwnReads: AnyObject {
    /// Moves them on, for a drain on that thread.
    func advanceForDrain() -> DrainProgress
}

/// All such reads of this process. By it a thread that waits moves on its own reads, of whatever
/// volume.
///
/// Lock order: a leaf.
final class OwnReadsRegistry: Sendable {
    static let process = OwnReadsRegistry()

    private let owners = Guarded<[WeakOwnReads]>([])

    func add(_ reads: WeakOwnReads) { owners.withLock { $0.append(reads) } }

    func remove(_ id: ObjectIdentifier) {
        owners.withLock { owners in owners.removeAll { $0.id == id } }
    }

    /// Moves on the reads in flight that only the calling thread can finish, so that the thread
    /// does not wait for itself.
    func advanceOwnReads() -> DrainProgress {
        let mine = owners.withLock { $0.compactMap(\.own) }
        var progress = DrainProgress.nothing
        for reads in mine {
            switch reads.advanceForDrain() {
            case .advanced: return .advanced
            case .toBeAskedAgain: progress = .toBeAskedAgain
            case .nothing: break
            }
        }
        return progress
    }
}

/// The registry's weak reference to a queue. Sendable, because only the queue's own thread takes
/// the reference out. A reference held elsewhere might become the last one and end the queue on the
/// wrong thread.
struct WeakOwnReads: @unchecked Sendable {
    let id: ObjectIdentifier
    private weak var reads: (any OwnReads)?
    private let isMine: @Sendable () -> Bool

    init(_ reads: any OwnReads, isMine: @escaping @Sendable () -> Bool) {
        id = ObjectIdentifier(reads)
        self.reads = reads
        self.isMine = isMine
    }

    /// The queue, on its own thread; nil on other threads or when it is gone.
    var own: (any OwnReads)? { isMine() ? reads : nil }
}
