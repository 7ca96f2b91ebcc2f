/// One line of a script, with the answers it has to bring.
public struct Step: Sendable, Equatable {
    public let position: SourcePosition
    /// From 1.
    public let number: Int
    /// As it was written, without its answers.
    public let text: String
    public let action: Action
    /// Empty: it has to succeed.
    public internal(set) var expectations: [Located<Expectation>]
}
