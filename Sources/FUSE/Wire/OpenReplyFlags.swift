/// How the kernel treats an open file (`FOPEN_*`).
public struct OpenReplyFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Every read and write comes to the service.
    public static let directIO = OpenReplyFlags(rawValue: 1 << 0)
    /// The cached pages of the file stay cached.
    public static let keepCache = OpenReplyFlags(rawValue: 1 << 1)
    public static let nonSeekable = OpenReplyFlags(rawValue: 1 << 2)
    /// The kernel may cache the answers of READDIR.
    public static let cacheDirectory = OpenReplyFlags(rawValue: 1 << 3)
    public static let stream = OpenReplyFlags(rawValue: 1 << 4)
    /// No FLUSH when a descriptor is closed.
    public static let noFlush = OpenReplyFlags(rawValue: 1 << 5)
    public static let parallelDirectWrites = OpenReplyFlags(rawValue: 1 << 6)
    public static let passthrough = OpenReplyFlags(rawValue: 1 << 7)
}
