/// What happened on a mount between two moments: who read how much by which route, and what the
/// filters did. `bypassio top` shows it.
public struct ActivityReport: Codable, Sendable {
    /// Reads that the service saw; nil, and `null`, where it cannot know.
    public struct Rate: Codable, Sendable, Equatable {
        public var opensPerSecond: Double
        public var readsPerSecond: Double?
        public var bytesPerSecond: Double?

        package init(opensPerSecond: Double, readsPerSecond: Double?, bytesPerSecond: Double?) {
            self.opensPerSecond = opensPerSecond
            self.readsPerSecond = readsPerSecond
            self.bytesPerSecond = bytesPerSecond
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(opensPerSecond, forKey: .opensPerSecond)
            try container.encode(readsPerSecond, forKey: .readsPerSecond)
            try container.encode(bytesPerSecond, forKey: .bytesPerSecond)
        }
    }

    public struct Filter: Codable, Sendable, Equatable {
        public var name: String
        public var altitude: String
        public var supportsBypassIO: Bool
        public var callbacksPerSecond: Double
        /// Nanoseconds in one callback that half of them, and 99 of 100, took at most; nil where
        /// none was timed.
        public var p50: UInt64?
        public var p99: UInt64?

        package init(
            name: String, altitude: String, supportsBypassIO: Bool, callbacksPerSecond: Double,
            p50: UInt64?, p99: UInt64?
        ) {
            self.name = name
            self.altitude = altitude
            self.supportsBypassIO = supportsBypassIO
            self.callbacksPerSecond = callbacksPerSecond
            self.p50 = p50
            self.p99 = p99
        }
    }

    /// A file or a process, with what the service read for it and the routes of its handles.
    public struct Reader: Codable, Sendable, Equatable {
        /// The file's path from the volume's root; of a process its number.
        public var name: String
        public var readsPerSecond: Double
        public var bytesPerSecond: Double
        /// How many of its open handles have each route.
        public var routes: [HandleRoute: Int]

        package init(
            name: String, readsPerSecond: Double, bytesPerSecond: Double, routes: [HandleRoute: Int]
        ) {
            self.name = name
            self.readsPerSecond = readsPerSecond
            self.bytesPerSecond = bytesPerSecond
            self.routes = routes
        }
    }

    /// Between the moments.
    public var seconds: Double
    public var openHandles: Int
    public var handlesWithBypass: Int
    public var routes: [HandleRoute: Rate]
    /// Highest altitude first.
    public var filters: [Filter]
    /// Busiest first, then those with most handles.
    public var files: [Reader]
    public var processes: [Reader]

    package init(
        seconds: Double, openHandles: Int, handlesWithBypass: Int, routes: [HandleRoute: Rate],
        filters: [Filter], files: [Reader], processes: [Reader]
    ) {
        self.seconds = seconds
        self.openHandles = openHandles
        self.handlesWithBypass = handlesWithBypass
        self.routes = routes
        self.filters = filters
        self.files = files
        self.processes = processes
    }
}
