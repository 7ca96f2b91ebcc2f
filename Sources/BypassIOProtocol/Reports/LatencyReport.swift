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
