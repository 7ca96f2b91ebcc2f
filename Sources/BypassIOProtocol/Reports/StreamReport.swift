/// The bypass state of a file of a mounted volume. JSON, in an attribute of the file that is not
/// listed.
public struct StreamReport: Codable, Sendable {
    /// A handle, and the route of its reads.
    public struct Handle: Codable, Sendable {
        /// The process or thread that opened it, by the service's numbers.
        public let openedBy: Int32
        public let route: HandleRoute
        /// Why there is no faster route.
        public let because: String?
        /// False: the kernel's reads cannot be stopped.
        public let isRevocable: Bool

        package init(
            openedBy: Int32, route: HandleRoute, because: String?, isRevocable: Bool
        ) {
            self.openedBy = openedBy
            self.route = route
            self.because = because
            self.isRevocable = isRevocable
        }
    }

    /// The attribute's name, under which the service answers.
    public static let attribute = "user.bypassio.state"

    public let handlesWithBypass: Int
    public let isPaused: Bool
    /// Why the file's reads take the traditional route at this moment; nil if they do not.
    public let traditionalBecause: String?
    public let handles: [Handle]
    /// Handles beyond the room of an attribute.
    public let furtherHandles: Int

    package init(
        handlesWithBypass: Int, isPaused: Bool, traditionalBecause: String?, handles: [Handle],
        furtherHandles: Int
    ) {
        self.handlesWithBypass = handlesWithBypass
        self.isPaused = isPaused
        self.traditionalBecause = traditionalBecause
        self.handles = handles
        self.furtherHandles = furtherHandles
    }
}
