/// The state of a mounted volume. JSON, in an attribute of its root that is not listed. `bypassio
/// filters --json` prints it, and SIGUSR1 writes it to the log.
public struct VolumeReport: Codable, Sendable {
    /// An attached filter.
    public struct Filter: Codable, Sendable {
        public let name: String
        public let altitude: String
        public let supportsBypassIO: Bool
        public let features: [String]
        /// Callbacks that ran so far.
        public let preCallbacks: UInt64
        public let postCallbacks: UInt64
        /// While somebody looked at metrics or `top`.
        public let callbackTimes: LatencyReport

        package init(
            name: String, altitude: String, supportsBypassIO: Bool, features: [String],
            preCallbacks: UInt64, postCallbacks: UInt64,
            callbackTimes: LatencyReport = LatencyReport(counts: [], nanoseconds: 0)
        ) {
            self.name = name
            self.altitude = altitude
            self.supportsBypassIO = supportsBypassIO
            self.features = features
            self.preCallbacks = preCallbacks
            self.postCallbacks = postCallbacks
            self.callbackTimes = callbackTimes
        }
    }

    /// Reads of O_DIRECT files so far, by the layers that they passed.
    public struct Reads: Codable, Sendable {
        public let traditional: UInt64
        public let storageBypass: UInt64
        public let filterBypass: UInt64
        public let fullBypass: UInt64

        package init(
            traditional: UInt64, storageBypass: UInt64, filterBypass: UInt64, fullBypass: UInt64
        ) {
            self.traditional = traditional
            self.storageBypass = storageBypass
            self.filterBypass = filterBypass
            self.fullBypass = fullBypass
        }
    }

    /// Opens and reads so far by one route; nil, encoded as `null`, if the service cannot know.
    public struct Route: Codable, Sendable {
        public let opens: UInt64
        public let reads: UInt64?
        public let bytes: UInt64?

        package init(
            opens: UInt64, reads: UInt64?, bytes: UInt64?
        ) {
            self.opens = opens
            self.reads = reads
            self.bytes = bytes
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(opens, forKey: .opens)
            try container.encode(reads, forKey: .reads)
            try container.encode(bytes, forKey: .bytes)
        }
    }

    /// Files that the kernel reads by itself.
    public struct KernelRoute: Codable, Sendable {
        public let isOffered: Bool
        public let openHandles: Int
        /// Reads about which the kernel asked; the others are not known.
        public let gatedReads: UInt64
        /// Whether reads of files whose filters need a gate fail if the service dies
        /// (`crash=closed`).
        public let failsAtCrash: Bool?
        /// Files of which that is true now.
        public let guardedFiles: Int?
        /// The process that sees to it, while there are or were such files.
        public let guardian: Int32?

        package init(
            isOffered: Bool, openHandles: Int, gatedReads: UInt64, failsAtCrash: Bool? = nil,
            guardedFiles: Int? = nil, guardian: Int32? = nil
        ) {
            self.isOffered = isOffered
            self.openHandles = openHandles
            self.gatedReads = gatedReads
            self.failsAtCrash = failsAtCrash
            self.guardedFiles = guardedFiles
            self.guardian = guardian
        }
    }

    /// The attribute's name, under which the service answers.
    public static let attribute = "user.bypassio.filters"

    public let volume: String
    /// False: the volume was mounted with `bypass=off`.
    public let offersBypass: Bool
    public let fileSystem: String
    public let storageType: String
    public let activeBypassCount: Int
    /// The policy of suspensions.
    public let suspend: String
    public let openHandles: Int
    public let knownInodes: Int
    /// Highest altitude first.
    public let filters: [Filter]
    /// The features that every attached filter supports (FsRtlGetSupportedFeatures).
    public let supportedFeatures: [String]
    public let reads: Reads
    public let routes: [HandleRoute: Route]
    /// Reads of files with bypass that took the traditional route, by cause.
    public let traditionalBecause: [String: UInt64]
    public let kernelRoute: KernelRoute

    package init(
        volume: String, offersBypass: Bool, fileSystem: String, storageType: String,
        activeBypassCount: Int, suspend: String, openHandles: Int, knownInodes: Int,
        filters: [Filter],
        supportedFeatures: [String], reads: Reads, routes: [HandleRoute: Route],
        traditionalBecause: [String: UInt64], kernelRoute: KernelRoute
    ) {
        self.volume = volume
        self.offersBypass = offersBypass
        self.fileSystem = fileSystem
        self.storageType = storageType
        self.activeBypassCount = activeBypassCount
        self.suspend = suspend
        self.openHandles = openHandles
        self.knownInodes = knownInodes
        self.filters = filters
        self.supportedFeatures = supportedFeatures
        self.reads = reads
        self.routes = routes
        self.traditionalBecause = traditionalBecause
        self.kernelRoute = kernelRoute
    }
}
