/// A place where programs talk to a filter (docs/ports.md).
public struct PortReport: Codable, Sendable {
    public var name: String
    /// The filter's name.
    public var filter: String
    /// Programs that are connected, and how many may be.
    public var connections: Int
    public var limit: Int
    /// Bytes of a message, at most.
    public var longestMessage: Int
    /// Messages to programs, and of programs, since the filter was loaded.
    public var sent: UInt64
    public var received: UInt64
    /// Connections that were refused.
    public var refused: UInt64

    public init(
        name: String, filter: String, connections: Int, limit: Int, longestMessage: Int,
        sent: UInt64, received: UInt64, refused: UInt64
    ) {
        (self.name, self.filter) = (name, filter)
        (self.connections, self.limit, self.longestMessage) = (connections, limit, longestMessage)
        (self.sent, self.received, self.refused) = (sent, received, refused)
    }
}
