import IOStack

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
