/// What is known about a yes-or-no question. Not knowing is not "no": a file system that cannot
/// tell whether a file is compressed has not said that it is plain.
public enum Fact: String, Sendable, Hashable, CaseIterable {
    case yes, no, unknown

    /// The answer of a source that does know.
    public init(_ known: Bool) {
        self = known ? .yes : .no
    }

    /// This answer, or the other one where this is not known.
    func or(_ other: @autoclosure () -> Fact) -> Fact {
        self == .unknown ? other() : self
    }
}
