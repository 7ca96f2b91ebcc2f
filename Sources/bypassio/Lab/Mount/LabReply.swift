import BypassIOLab

/// What the process that serves a scenario's volume answers, one line each: the number of the
/// request, a blank, and this as JSON.
struct LabReply: Codable {
    /// To `ready`: what vetoes of the file system carry.
    var fileSystemName: String?
    /// To `step`.
    var outcome: Outcome?
    /// To `tally`.
    var tally: ReadTally?
    /// To `closed`.
    var isClosed: Bool?
    /// To `end`.
    var remains: [String]?
    /// Why it could not be done, and with which of the command's exit codes it means the run ends.
    var problem: String?
    var exitCode: Int32?
}
