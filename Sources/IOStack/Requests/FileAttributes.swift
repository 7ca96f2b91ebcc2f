/// Attributes that decide about BypassIO, beside the POSIX ones.
public struct FileAttributes: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let compressed = FileAttributes(rawValue: 1 << 0)
    public static let encrypted = FileAttributes(rawValue: 1 << 1)
    public static let sparse = FileAttributes(rawValue: 1 << 2)
    /// A swap file: Windows' paging file.
    public static let paging = FileAttributes(rawValue: 1 << 3)
    public static let dax = FileAttributes(rawValue: 1 << 4)
    /// The data lies in the inode: NTFS' resident file.
    public static let resident = FileAttributes(rawValue: 1 << 5)
    public static let immutable = FileAttributes(rawValue: 1 << 6)
    public static let appendOnly = FileAttributes(rawValue: 1 << 7)
    public static let verity = FileAttributes(rawValue: 1 << 8)
}
