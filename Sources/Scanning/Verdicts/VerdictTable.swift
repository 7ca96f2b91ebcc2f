import FilterKit
import IOStack

/// Verdicts on versions of files, for the files used last. All are of one generation of signatures.
///
/// Any thread. Lock order: `state` is a leaf.
final class VerdictTable: Sendable {
    private struct Entry {
        let version: ScannedVersion
        let verdict: FileVerdict
    }

    private struct State {
        var entries: RecentTable<FileID, Entry>
        var generation: UInt64 = 0
        /// Verdicts that no store has yet.
        var pending: Set<FileID> = []
    }

    private let state: Guarded<State>
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        state = Guarded(State(entries: RecentTable(capacity: capacity)))
    }

    var count: Int { state.withLock { $0.entries.count } }

    /// nil: the file was not scanned, or changed since.
    func verdict(on file: FileID, _ version: ScannedVersion) -> FileVerdict? {
        state.withLock { state in
            guard let entry = state.entries.value(of: file), entry.version == version else {
                return nil
            }
            return entry.verdict
        }
    }

    /// Keeps a verdict that signatures of that generation gave.
    func keep(
        _ verdict: FileVerdict, on file: FileID, _ version: ScannedVersion, generation: UInt64
    ) {
        state.withLock { state in
            guard state.generation == generation else { return }
            state.entries.set(Entry(version: version, verdict: verdict), for: file)
            if state.pending.count < capacity { state.pending.insert(file) }
        }
    }

    func forget(_ file: FileID) {
        state.withLock { state in
            state.entries.remove(file)
            state.pending.remove(file)
        }
    }

    /// Forgets all, for signatures of another generation; takes what was stored of those.
    func begin(_ generation: UInt64, with stored: [StoredVerdict] = []) {
        let old = state.withLock { state -> State in
            let old = state
            state = State(
                entries: RecentTable(capacity: capacity), generation: generation)
            for one in stored {
                state.entries.set(Entry(version: one.version, verdict: one.verdict), for: one.file)
            }
            return old
        }
        // Many entries are released outside of the lock.
        withExtendedLifetime(old) {}
    }

    /// Takes the verdicts that no store has yet and that may outlive a power loss.
    ///
    /// - Parameter device: its files count although they were changed a short time ago.
    func takePending(
        at now: FileTime, withFreshOn device: UInt64?
    ) -> [StoredVerdict] {
        state.withLock { state in
            var taken: [StoredVerdict] = []
            for file in state.pending {
                guard let entry = state.entries.value(of: file) else {
                    state.pending.remove(file)
                    continue
                }
                guard file.device == device || entry.version.isSettled(at: now) else { continue }
                state.pending.remove(file)
                taken.append(
                    StoredVerdict(file: file, version: entry.version, verdict: entry.verdict))
            }
            return taken
        }
    }
}
