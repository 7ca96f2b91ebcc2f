public import IOStack

/// A verdict that outlives a service.
public struct StoredVerdict: Sendable, Hashable {
    public let file: FileID
    public let version: ScannedVersion
    public let verdict: FileVerdict

    package init(file: FileID, version: ScannedVersion, verdict: FileVerdict) {
        self.file = file
        self.version = version
        self.verdict = verdict
    }
}

/// Where verdicts outlive a service.
///
/// Called by one thread at a time.
public protocol VerdictKeeping: AnyObject, Sendable {
    /// Those that signatures of that version gave, the newest of a file last.
    func load(signatures: String) -> [StoredVerdict]

    /// Keeps more of that version.
    func add(_ verdicts: [StoredVerdict], signatures: String)

    /// All that were added may be forgotten.
    func forgetAll()

    /// Lets another process go on with it.
    func end()

    /// For people: where it is, and what is wrong with it.
    var words: String { get }
}
