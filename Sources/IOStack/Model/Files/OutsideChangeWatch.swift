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

/// Something that another process than this one did to the files of a volume, past the stack.
public struct OutsideChange: Sendable, Hashable {
    /// What is not any more as it was.
    public struct Effects: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// What ``OutsideChange/name`` stands for in ``OutsideChange/directory``.
        public static let name = Effects(rawValue: 1 << 0)
        /// The bytes of ``OutsideChange/file``, and with them its attributes.
        public static let content = Effects(rawValue: 1 << 1)
        /// The attributes of ``OutsideChange/file`` alone.
        public static let attributes = Effects(rawValue: 1 << 2)
    }

    /// Where it happened; nil where that is not known.
    public let directory: FileID?
    /// Empty where it is not known.
    public let name: [UInt8]
    /// nil where it is not known.
    public let file: FileID?
    public let effects: Effects

    public init(directory: FileID?, name: [UInt8], file: FileID?, effects: Effects) {
        self.directory = directory
        self.name = name
        self.file = file
        self.effects = effects
    }
}
