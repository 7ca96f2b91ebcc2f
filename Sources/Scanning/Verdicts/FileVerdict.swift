/// What an engine says of a file's content.
public enum FileVerdict: Sendable, Hashable {
    case clean
    /// With the signature's name.
    case infected(String)
    /// The engine did not look at all of it: a limit of its own ended the scan. With the limit's
    /// name.
    case limited(String)
}
