/// A point in time: seconds since 1970 and nanoseconds, 0 to 999,999,999.
public struct Timestamp: Sendable, Equatable {
    public var seconds: Int64
    public var nanoseconds: UInt32

    public init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// The beginning of 1970.
    public static let zero = Timestamp(seconds: 0, nanoseconds: 0)
}
