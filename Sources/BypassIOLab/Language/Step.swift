/// A line of a script, with the answers that it must give.
public struct Step: Sendable, Equatable {
    public let position: SourcePosition
    /// From 1.
    public let number: Int
    /// The line's text, without its answers.
    public let text: String
    public let action: Action
    /// Empty: it must succeed.
    public internal(set) var expectations: [Located<Expectation>]
}
