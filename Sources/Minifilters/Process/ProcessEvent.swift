/// What came of asking a program, for whoever keeps a record.
public struct ProcessEvent: Sendable {
    public enum Outcome: String, Sendable {
        /// The program said so.
        case denied
        /// It did not answer in time.
        case late
        /// It is not connected, or went while it was asked.
        case gone
        /// It does not take what it is asked.
        case full
        /// It answered what is no answer, and is disconnected.
        case malformed
        /// It was late so often that it is disconnected.
        case dropped
    }

    public let outcome: Outcome
    /// As it registered; nil where none has yet.
    public let program: String?
    public let path: String
    public let operation: String
    /// Of the program that wanted the operation.
    public let process: Int32
    /// What became of the operation.
    public let isAllowed: Bool
}

/// How often programs were asked, and what came of it.
public struct ProcessCounts: Sendable, Equatable {
    public var asked: UInt64 = 0
    public var allowed: UInt64 = 0
    public var denied: UInt64 = 0
    /// Decided by the filter itself, since a program was away, late, full or talked nonsense.
    public var away: UInt64 = 0
}
