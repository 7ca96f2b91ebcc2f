/// A fault of a scenario file: where it is and what was expected there.
public struct Diagnostic: Error, Sendable, Equatable, CustomStringConvertible {
    public let position: SourcePosition
    /// What may stand there, without a full stop.
    public let expected: String
    /// What stands there instead.
    public let found: String

    public init(_ position: SourcePosition, expected: String, found: String) {
        self.position = position
        self.expected = expected
        self.found = found
    }

    public var description: String { "\(position): expected \(expected), found \(found)" }
}
