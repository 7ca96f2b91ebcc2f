/// A value and its place in the text.
public struct Located<Value: Sendable & Equatable>: Sendable, Equatable {
    public let value: Value
    public let position: SourcePosition

    public init(_ value: Value, _ position: SourcePosition) {
        self.value = value
        self.position = position
    }
}
