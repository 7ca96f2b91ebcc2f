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
        /// When the route last changed: ISO 8601, UTC, with microseconds.
        public let since: String
        /// How long ago that was.
        public let seconds: Double
        /// What changed it, for programs: `opened`, `enabled`, `disabled`, `paused`, `resumed`,
        /// `suspended`, `suspensionEnded`, `filterAttached`, `filterDetached`, `gateClosed`,
        /// `gateOpened`.
        public let changedBy: String
        /// The same for people, to follow "since".
        public let cause: String

        package init(
            openedBy: Int32, route: HandleRoute, because: String?, isRevocable: Bool, since: String,
            seconds: Double, changedBy: String, cause: String
        ) {
            self.since = since
            self.seconds = seconds
            self.changedBy = changedBy
            self.cause = cause
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

/// The route of an open handle's reads on a mount, by the word that reports and people use.
public enum HandleRoute: String, Codable, CodingKeyRepresentable, Sendable, CaseIterable {
    /// Through the filters.
    case traditional
    /// The service reads past the filters.
    case serviceBypass = "service bypass"
    /// The kernel reads the file itself.
    case kernelBypass = "kernel bypass"
    /// The kernel reads the file itself, but asks the filters before each read.
    case gated

    /// No filter sees the reads.
    public var bypassesFilters: Bool { self == .serviceBypass || self == .kernelBypass }
    /// The kernel carries the reads; the service sees their bytes never.
    public var isReadByKernel: Bool { self == .kernelBypass || self == .gated }
}

extension HandleRoute: CustomStringConvertible {
    public var description: String { rawValue }
}
