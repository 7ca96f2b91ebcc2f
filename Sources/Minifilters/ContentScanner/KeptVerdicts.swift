import IOStack

/// Verdicts of scans on versions of files, which outlive the open files: an instance context.
///
/// The table is bounded. It forgets files that were not asked about for long; such a file is
/// scanned again. A verdict stands only as long as its file has not been open for writing since the
/// scan began.
///
/// Lock order: a leaf.
final class KeptVerdicts: FilterContext {
    private struct Entry {
        let version: FileVersion
        let state: ScanVerdict.State
    }

    private let entries: Guarded<RecentTable<FileID, Entry>>

    init(capacity: Int) {
        entries = Guarded(RecentTable(capacity: capacity))
    }

    func state(of id: FileID, _ version: FileVersion) -> ScanVerdict.State? {
        entries.withLock { entries in
            guard let entry = entries.value(of: id), entry.version == version else { return nil }
            return entry.state
        }
    }

    func keep(_ state: ScanVerdict.State, of id: FileID, _ version: FileVersion) {
        entries.withLock { $0.set(Entry(version: version, state: state), for: id) }
    }

    func forget(_ id: FileID) {
        entries.withLock { $0.remove(id) }
    }

    var count: Int { entries.withLock { $0.count } }
}
