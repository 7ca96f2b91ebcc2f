/// How long programs wait at a gate whose service does not answer, before their reads fail.
public struct GuardianBounds: Sendable, Hashable {
    /// After the service's death.
    public var afterDeath: Duration
    /// While the service lives and deals with no event.
    public var whileSilent: Duration

    public init(afterDeath: Duration = .zero, whileSilent: Duration = .seconds(30)) {
        self.afterDeath = afterDeath
        self.whileSilent = whileSilent
    }

    /// How often the guardian looks whether events wait: often enough for the bound, and less than
    /// twice a second where it can be.
    var interval: Duration { min(.seconds(5), max(.milliseconds(50), whileSilent / 4)) }
}
