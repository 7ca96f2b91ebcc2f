/// Which service answers, and what its control interface has had to do.
public struct ServiceReport: Codable, Sendable {
    /// Since the mount.
    public struct Clients: Codable, Sendable, Hashable {
        /// Connected now, the asking one included.
        public let connected: Int
        public let accepted: UInt64
        /// There were too many already, at the socket or at the port.
        public let refusedBusy: UInt64
        /// Neither the service's user nor root.
        public let refusedUser: UInt64
        /// Requests at the port that did not have its token.
        public let refusedToken: UInt64
        /// Too slow with a request or with taking an answer, or silent for too long.
        public let cutOff: UInt64
        /// Requests that are no HTTP, or too large.
        public let malformed: UInt64

        package init(
            connected: Int, accepted: UInt64, refusedBusy: UInt64, refusedUser: UInt64,
            refusedToken: UInt64, cutOff: UInt64, malformed: UInt64
        ) {
            self.connected = connected
            self.accepted = accepted
            self.refusedBusy = refusedBusy
            self.refusedUser = refusedUser
            self.refusedToken = refusedToken
            self.cutOff = cutOff
            self.malformed = malformed
        }
    }

    /// An attribute of a mount's root: the path of the socket that the service listens at. There is
    /// none where it has no control interface.
    public static let placeAttribute = "user.bypassio.control"

    public let version: String
    /// The service's process.
    public let process: Int32
    public let source: String
    public let mountPoint: String
    /// The mount's number as in /proc/self/mountinfo, `0:57`: two mounts may have one name.
    public let device: String
    /// False once it left the name space, while open files are served.
    public let isMounted: Bool
    public let clients: Clients

    package init(
        version: String, process: Int32, source: String, mountPoint: String, device: String,
        isMounted: Bool, clients: Clients
    ) {
        self.version = version
        self.process = process
        self.source = source
        self.mountPoint = mountPoint
        self.device = device
        self.isMounted = isMounted
        self.clients = clients
    }
}

/// Why the control interface of a mount did not do what it was asked: the body of every answer that
/// is no success.
public struct ControlFault: Error, Codable, Sendable, Hashable {
    /// HTTP's.
    public let status: Int
    /// A word for programs, such as `no-such-instance`.
    public let reason: String
    /// For people: what is wrong, in a sentence.
    public let message: String
    /// What to do about it; nil where nothing can be done.
    public let advice: String?

    public init(_ status: Int, _ reason: String, _ message: String, advice: String? = nil) {
        self.status = status
        self.reason = reason
        self.message = message
        self.advice = advice
    }
}

/// What became of a restart.
public struct RestartReport: Codable, Sendable {
    /// The process that serves now.
    public let process: Int32
    /// For so long no request was carried.
    public let pauseMilliseconds: Int64

    package init(process: Int32, pauseMilliseconds: Int64) {
        self.process = process
        self.pauseMilliseconds = pauseMilliseconds
    }
}
