/// Tells what other processes do to the files of a volume (the role of Windows' change journal).
///
/// Stores into a file through a mapping are not told when they happen, but when the mapping and its
/// descriptor are gone.
public protocol OutsideChangeWatch: AnyObject, Sendable {
    /// Whether changes to that file or directory are told.
    func covers(_ id: FileID) -> Bool

    /// Sleeps until something changed or the time is over, and returns what changed.
    ///
    /// It collects for a few milliseconds, so that much happening wakes up nobody for each. One
    /// thread.
    ///
    /// - Parameter limit: nil for however long.
    func next(within limit: Duration?) -> OutsideChanges

    /// Ends a ``next(within:)`` that sleeps, and every later one. Any thread.
    func stop()
}

/// What a ``OutsideChangeWatch`` tells.
public enum OutsideChanges: Sendable, Equatable {
    /// In the order they happened, the same one once; empty when the time was over.
    case changes([OutsideChange])
    /// More than could be kept: anything may have changed.
    case anything
    /// The watch was stopped, or cannot go on.
    case ended
}
