/// The filters that the service of a mount knows, as `fltmc filters` lists them.
public struct FiltersReport: Codable, Sendable {
    /// A filter that is loaded, attached or not.
    public struct Filter: Codable, Sendable {
        public let name: String
        /// Attached now.
        public let instances: Int
        /// Of the highest instance; without one, where the filter attaches by itself.
        public let altitude: String
        /// Always 0: there is one filter manager between the legacy filters that there are none of.
        public let frame: Int
        public let supportsBypassIO: Bool
        /// It may attach.
        public let isAllowed: Bool
        /// As it was loaded, or set since.
        public let settings: [String: String]

        package init(
            name: String, instances: Int, altitude: String, frame: Int, supportsBypassIO: Bool,
            isAllowed: Bool, settings: [String: String]
        ) {
            self.name = name
            self.instances = instances
            self.altitude = altitude
            self.frame = frame
            self.supportsBypassIO = supportsBypassIO
            self.isAllowed = isAllowed
            self.settings = settings
        }
    }

    /// Highest altitude first.
    public let filters: [Filter]
    /// What may attach (`filters_allowed`); nil: every filter.
    public let allowed: [String]?
    /// FILTER_ATTACH_BLOCKED: an attached filter does not know BypassIO, and nobody bypasses.
    public let isBypassBlocked: Bool

    package init(filters: [Filter], allowed: [String]?, isBypassBlocked: Bool) {
        self.filters = filters
        self.allowed = allowed
        self.isBypassBlocked = isBypassBlocked
    }
}

/// A filter on a volume, as `fltmc instances` lists it.
public struct InstanceReport: Codable, Sendable {
    public let filter: String
    /// What is mounted.
    public let volume: String
    public let altitude: String
    /// Unique on the volume.
    public let instance: String
    public let frame: Int
    /// `SprtFtrs`: the bits of SupportedFeatures.
    public let features: UInt32
    /// Empty while it is attached, `Detaching` while callbacks of it run that a detach waits for.
    public let status: String
    public let preCallbacks: UInt64
    public let postCallbacks: UInt64
    /// Requests within it now.
    public let requestsWithin: Int
    public let settings: [String: String]

    package init(
        filter: String, volume: String, altitude: String, instance: String, frame: Int,
        features: UInt32, status: String, preCallbacks: UInt64, postCallbacks: UInt64,
        requestsWithin: Int, settings: [String: String]
    ) {
        self.filter = filter
        self.volume = volume
        self.altitude = altitude
        self.instance = instance
        self.frame = frame
        self.features = features
        self.status = status
        self.preCallbacks = preCallbacks
        self.postCallbacks = postCallbacks
        self.requestsWithin = requestsWithin
        self.settings = settings
    }
}

/// What became of an attach or a load.
public struct AttachReport: Codable, Sendable {
    public let instance: InstanceReport
    /// What it does to bypass, in a sentence; nil where it does nothing to it.
    public let effect: String?

    package init(instance: InstanceReport, effect: String?) {
        self.instance = instance
        self.effect = effect
    }
}

/// What became of a detach or an unload.
public struct DetachReport: Codable, Sendable {
    /// No callback runs any more. False after one that was forced: callbacks still run, and bypass
    /// is given back all the same.
    public let isGone: Bool
    /// Requests within what was detached.
    public let requestsWithin: Int

    package init(isGone: Bool, requestsWithin: Int) {
        self.isGone = isGone
        self.requestsWithin = requestsWithin
    }
}

/// A filter to load or attach: the body of `POST /v1/filters` and `POST /v1/instances`.
public struct AttachOrder: Codable, Sendable, Hashable {
    /// One of those that `bypassio filters` lists without a mount.
    public let filter: String
    /// Digits, with a point or without; nil: the filter's own.
    public let altitude: String?
    public let settings: [String: String]?

    public init(filter: String, altitude: String? = nil, settings: [String: String]? = nil) {
        self.filter = filter
        self.altitude = altitude
        self.settings = settings
    }
}

/// Settings to change: the body of `PATCH /v1/instances/{name}`.
public struct SettingsOrder: Codable, Sendable, Hashable {
    public let settings: [String: String]

    public init(settings: [String: String]) { self.settings = settings }
}
