/// A point in time as file systems keep it.
public struct FileTime: Sendable, Hashable {
    /// Since 1970-01-01 00:00:00 UTC; negative before.
    public var seconds: Int64
    /// 0 ..< 1,000,000,000.
    public var nanoseconds: UInt32

    public init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}
