public import BypassIOProtocol

/// What makes two events the same: of those only one is told in a second, with their number.
public struct EventKey: Hashable, Sendable {
    public let kind: ServiceEvent.Kind
    /// A filter, a cause.
    public let subject: String
    /// Tells files apart; 0 for none.
    public let file: Int

    public init(_ kind: ServiceEvent.Kind, of subject: String = "", file: Int = 0) {
        self.kind = kind
        self.subject = subject
        self.file = file
    }
}
