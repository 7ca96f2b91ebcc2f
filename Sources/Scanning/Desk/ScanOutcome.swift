/// How a scan that somebody waits for ended.
enum ScanOutcome: Sendable {
    case verdict(FileVerdict)
    /// There is no verdict, and why, in a sentence without an end.
    case none(String)
    /// The filter goes away.
    case leaving
    /// The program waits no more.
    case cancelled
}
