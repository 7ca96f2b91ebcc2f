/// The users that may send STREAM_PAUSE and STREAM_RESUME from a program: a pause ends the bypass
/// of every reader of the file, and lasts until a resume.
public enum StreamPausers: String, Sendable {
    /// The file's owner and the volume's administrators, through a handle that may read.
    case owner
    /// Any user that has the file open, as the documentation of Windows has it.
    case anyone
}
