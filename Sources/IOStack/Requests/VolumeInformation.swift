/// How full a volume is (`FILE_FS_FULL_SIZE_INFORMATION`, `statfs`).
public struct VolumeInformation: Sendable, Equatable {
    /// In bytes; the counts below are of these blocks.
    public var blockSize: UInt64
    public var totalBlocks: UInt64
    public var freeBlocks: UInt64
    /// Free for a requestor without privileges.
    public var availableBlocks: UInt64
    public var totalFiles: UInt64
    public var freeFiles: UInt64
    /// In bytes.
    public var maximumNameLength: UInt32
    /// A file's size says nothing of what a read gives: what it holds is made when it is read, as in
    /// /proc and /sys.
    public var hasMadeUpSizes: Bool

    public init(
        blockSize: UInt64, totalBlocks: UInt64, freeBlocks: UInt64, availableBlocks: UInt64,
        totalFiles: UInt64, freeFiles: UInt64, maximumNameLength: UInt32,
        hasMadeUpSizes: Bool = false
    ) {
        self.blockSize = blockSize
        self.totalBlocks = totalBlocks
        self.freeBlocks = freeBlocks
        self.availableBlocks = availableBlocks
        self.totalFiles = totalFiles
        self.freeFiles = freeFiles
        self.maximumNameLength = maximumNameLength
        self.hasMadeUpSizes = hasMadeUpSizes
    }
}
