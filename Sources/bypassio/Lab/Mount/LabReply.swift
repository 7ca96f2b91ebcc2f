import BypassIOLab

/// An answer of the process that serves a scenario's volume. Each is one line: the number of the
/// request, a blank, and this as JSON.
struct LabReply: Codable {
    /// To `ready`: the name that vetoes of the file system carry.
    var fileSystemName: String?
    /// To `step`.
    var outcome: Outcome?
    /// To `tally`.
    var tally: ReadTally?
    /// To `closed`.
    var isClosed: Bool?
    /// To `end`.
    var remains: [String]?
    /// Why the request failed, and the command's exit code if the run has to end.
    var problem: String?
    var exitCode: Int32?
}
