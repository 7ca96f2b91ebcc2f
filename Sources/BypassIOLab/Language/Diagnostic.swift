/// A fault of a scenario file: its place and the expected text.
public struct Diagnostic: Error, Sendable, Equatable, CustomStringConvertible {
    public let position: SourcePosition
    /// What would be valid there, without a full stop.
    public let expected: String
    /// The text that stands there.
    public let found: String

    public init(_ position: SourcePosition, expected: String, found: String) {
        self.position = position
        self.expected = expected
        self.found = found
    }

    public var description: String { "\(position): expected \(expected), found \(found)" }
}
