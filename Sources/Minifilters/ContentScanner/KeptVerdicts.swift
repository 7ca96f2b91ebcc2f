import FilterKit
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

/// The parts of a file's status that change with its bytes. Two equal versions have the same bytes
/// if the file was at rest (``wasAtRest(at:)``).
///
/// Any change moves the change time, which no program can set. Linux shows programs no change
/// counter.
struct FileVersion: Sendable, Equatable {
    private let birthTime: FileTime?
    private let size: UInt64
    private let modificationTime: FileTime
    private let changeTime: FileTime

    /// The file's version now, asked below all filters; nil if the file system does not answer.
    init?(of file: FileObject) {
        guard let status = try? file.volume.fileSystem.status(of: file) else { return nil }
        birthTime = status.birthTime
        size = status.size
        modificationTime = status.modificationTime
        changeTime = status.changeTime
    }

    /// Whether a change after `now`, in seconds since 1970, gives another version.
    ///
    /// File timestamps advance in ticks: of a few milliseconds on most file systems, of a second or
    /// two on some. Two changes within a tick cannot be told apart.
    func wasAtRest(at now: Int64) -> Bool {
        max(modificationTime.seconds, changeTime.seconds) + Self.longestTick <= now
    }

    /// In seconds; FAT's.
    private static var longestTick: Int64 { 2 }
}
