public import IOStack

/// What a scanner does with what it learns, and how much of it.
public struct ScanSettings: Sendable {
    /// What becomes of a file that holds a signature.
    public enum Action: String, Sendable, CaseIterable {
        /// It cannot be opened for reading.
        case deny
        /// The same, and it is taken out of the volume.
        case quarantine
        /// It can be read; an event tells of it.
        case log
    }

    /// What becomes of a file of which there is no verdict.
    public enum Otherwise: String, Sendable, CaseIterable {
        /// It can be read, and does not bypass.
        case open
        /// It cannot be opened for reading.
        case closed
    }

    public var action = Action.deny
    /// Where the engine gave no verdict, or none in time.
    public var failure = Otherwise.open
    /// Where the file is larger than ``largest``, or than the engine's limits.
    public var large = Otherwise.open
    /// Bytes of a file that the engine is asked about.
    public var largest: UInt64 = 25 << 20
    /// How long an open or a read waits.
    public var patience: Duration = .seconds(10)
    /// Scans at a time.
    public var width = 4
    /// Of how many files verdicts are kept, about 200 bytes each.
    public var verdicts = 262_144
    /// Paths that are not looked at.
    public var excluded: [PathPattern] = []

    public init() {}

    func excludes(_ path: String) -> Bool {
        !excluded.isEmpty && excluded.contains { $0.matches(path) }
    }
}
