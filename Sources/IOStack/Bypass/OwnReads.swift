/// Reads that only the thread they belong to can finish: a queue's.
protocol OwnReads: AnyObject {
    /// Moves them on, for a drain on that thread.
    func advanceForDrain() -> DrainProgress
}

/// Who has such reads in this process, so that a thread that waits can move on its own, whatever
/// volume they are of.
///
/// Lock order: a leaf.
final class OwnReadsRegistry: Sendable {
    static let process = OwnReadsRegistry()

    private let owners = Guarded<[WeakOwnReads]>([])

    func add(_ reads: WeakOwnReads) { owners.withLock { $0.append(reads) } }

    func remove(_ id: ObjectIdentifier) {
        owners.withLock { owners in owners.removeAll { $0.id == id } }
    }

    /// Moves on the reads in flight that only the calling thread can finish, so that a wait on that
    /// thread does not wait for itself.
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

/// The registry's note of a queue. Sendable, because nobody but the queue's own thread takes it
/// out: a reference held elsewhere might become the last one, and end the queue on the wrong
/// thread.
struct WeakOwnReads: @unchecked Sendable {
    let id: ObjectIdentifier
    private weak var reads: (any OwnReads)?
    private let isMine: @Sendable () -> Bool

    init(_ reads: any OwnReads, isMine: @escaping @Sendable () -> Bool) {
        id = ObjectIdentifier(reads)
        self.reads = reads
        self.isMine = isMine
    }

    /// Them, on their own thread; nil elsewhere or when they are gone.
    var own: (any OwnReads)? { isMine() ? reads : nil }
}
