/// The answer to a yes-or-no question. Unknown is not "no": a file system that cannot tell whether
/// a file is compressed has not said that it is plain.
public enum Fact: String, Sendable, Hashable, CaseIterable {
    case yes, no, unknown

    /// The answer of a source that knows.
    public init(_ known: Bool) {
        self = known ? .yes : .no
    }

    /// This answer, or the other if this is unknown.
    func or(_ other: @autoclosure () -> Fact) -> Fact {
        self == .unknown ? other() : self
    }
}
