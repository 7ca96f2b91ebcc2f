/// Reports what other processes do to the files of a volume (the role of Windows' change journal).
///
/// It reports stores through a mapping not when they happen, but when the mapping and its
/// descriptor are gone.
public protocol OutsideChangeWatch: AnyObject, Sendable {
    /// Whether the watch reports changes to that file or directory.
    func covers(_ id: FileID) -> Bool

    /// Sleeps until something changed or the time is over, and returns the changes.
    ///
    /// It collects for a few milliseconds, so that a burst of changes does not wake its thread for
    /// each. Called by one thread.
    ///
    /// - Parameter limit: nil: no limit.
    func next(within limit: Duration?) -> OutsideChanges

    /// Ends a ``next(within:)`` that sleeps, and every later one. Any thread.
    func stop()
}

/// The report of an ``OutsideChangeWatch``.
public enum OutsideChanges: Sendable, Equatable {
    /// In the order they happened, each once; empty when the time was over.
    case changes([OutsideChange])
    /// More changes than the watch could keep: anything may have changed.
    case anything
    /// The watch was stopped, or cannot go on.
    case ended
}

/// A change that another process made to the files of a volume, past the stack.
public struct OutsideChange: Sendable, Hashable {
    /// What the change affected.
    public struct Effects: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The file that ``OutsideChange/name`` stands for in ``OutsideChange/directory``.
        public static let name = Effects(rawValue: 1 << 0)
        /// The bytes of ``OutsideChange/file``, and with them its attributes.
        public static let content = Effects(rawValue: 1 << 1)
        /// The attributes of ``OutsideChange/file`` alone.
        public static let attributes = Effects(rawValue: 1 << 2)
    }

    /// Where it happened; nil if not known.
    public let directory: FileID?
    /// Empty if not known.
    public let name: [UInt8]
    /// nil if not known.
    public let file: FileID?
    public let effects: Effects

    public init(directory: FileID?, name: [UInt8], file: FileID?, effects: Effects) {
        self.directory = directory
        self.name = name
        self.file = file
        self.effects = effects
    }
}
