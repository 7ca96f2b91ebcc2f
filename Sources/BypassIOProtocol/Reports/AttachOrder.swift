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
