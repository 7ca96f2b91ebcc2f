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
