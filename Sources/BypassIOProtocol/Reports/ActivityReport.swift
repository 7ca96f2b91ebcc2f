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

/// How long something took, each time that it was done: a histogram whose buckets grow by a fifth.
public struct LatencyReport: Codable, Sendable, Equatable {
    /// Buckets of each power of two.
    public static let bucketsPerOctave = 4
    /// Nanoseconds that the first bucket begins at; what is shorter counts there, too.
    public static let shortest: UInt64 = 64
    /// The last begins at 64 ns × 2³⁰, about 69 s; what is longer counts there, too.
    public static let bucketCount = 31 * bucketsPerOctave

    /// Of each bucket how often, up to the last that has any.
    public var counts: [UInt64]
    public var nanoseconds: UInt64

    public init(counts: [UInt64], nanoseconds: UInt64) {
        self.counts = Array(counts.prefix((counts.lastIndex { $0 > 0 } ?? -1) + 1))
        self.nanoseconds = nanoseconds
    }

    public var count: UInt64 { counts.reduce(0, +) }

    /// The bucket of a time. Inlined where callbacks are timed.
    @inlinable
    public static func bucket(ofNanoseconds time: UInt64) -> Int {
        guard time > shortest else { return 0 }
        let octave = 63 - time.leadingZeroBitCount
        // The two bits below the highest.
        let quarter = Int((time >> UInt64(octave - 2)) & 3)
        return min((octave - 6) * bucketsPerOctave + quarter, bucketCount - 1)
    }

    /// Nanoseconds that a bucket ends before.
    public static func end(ofBucket bucket: Int) -> UInt64 {
        let (octave, quarter) = bucket.quotientAndRemainder(dividingBy: bucketsPerOctave)
        return (UInt64(quarter + 5) << UInt64(octave)) * (shortest / 4)
    }

    /// Nanoseconds that this part of all took at most, to a fifth; nil where nothing was timed.
    public func quantile(_ part: Double) -> UInt64? {
        let rank = max(1, UInt64((Double(count) * min(max(part, 0), 1)).rounded(.up)))
        var passed: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            passed += count
            if passed >= rank { return Self.end(ofBucket: bucket) }
        }
        return nil
    }

    /// This and another's.
    public func adding(_ other: LatencyReport) -> LatencyReport {
        var sums = counts
        for (bucket, count) in other.counts.enumerated() {
            if bucket < sums.count { sums[bucket] &+= count } else { sums.append(count) }
        }
        return LatencyReport(counts: sums, nanoseconds: nanoseconds &+ other.nanoseconds)
    }

    /// What came since an earlier report of the same.
    public func since(_ earlier: LatencyReport) -> LatencyReport {
        var rest = counts
        for (bucket, count) in earlier.counts.enumerated() where bucket < rest.count {
            rest[bucket] -= min(count, rest[bucket])
        }
        return LatencyReport(
            counts: rest, nanoseconds: nanoseconds - min(nanoseconds, earlier.nanoseconds))
    }
}
