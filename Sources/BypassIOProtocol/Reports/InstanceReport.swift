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
