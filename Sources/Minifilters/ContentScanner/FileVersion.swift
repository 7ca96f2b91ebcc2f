import IOStack

/// What a file's status tells of which bytes it holds: two that are equal are of the same bytes, if
/// the file had been at rest (``wasAtRest(at:)``).
///
/// Any change moves the change time, which nobody can set. Linux tells programs of no change
/// counter.
struct FileVersion: Sendable, Equatable {
    private let birthTime: FileTime?
    private let size: UInt64
    private let modificationTime: FileTime
    private let changeTime: FileTime

    /// As the file is now, asked below all filters; nil if it does not tell.
    init?(of file: FileObject) {
        guard let status = try? file.volume.fileSystem.status(of: file) else { return nil }
        birthTime = status.birthTime
        size = status.size
        modificationTime = status.modificationTime
        changeTime = status.changeTime
    }

    /// Whether a change after `now`, in seconds since 1970, gives another version.
    ///
    /// The clocks of files stand still for a while: for a few milliseconds on most file systems,
    /// for a second or two on some. Of two changes within that time the second cannot be told from
    /// the first.
    func wasAtRest(at now: Int64) -> Bool {
        max(modificationTime.seconds, changeTime.seconds) + Self.longestTick <= now
    }

    /// Seconds, of FAT.
    private static var longestTick: Int64 { 2 }
}
