/// How full a file system is (`struct fuse_kstatfs`).
public struct FileSystemStatus: Sendable, Equatable {
    public var blocks: UInt64
    public var freeBlocks: UInt64
    /// Free for users without privileges.
    public var availableBlocks: UInt64
    public var files: UInt64
    public var freeFiles: UInt64
    /// In bytes; the blocks are counted in it.
    public var blockSize: UInt32
    /// In bytes.
    public var maximumNameLength: UInt32

    public init(
        blocks: UInt64, freeBlocks: UInt64, availableBlocks: UInt64, files: UInt64,
        freeFiles: UInt64, blockSize: UInt32, maximumNameLength: UInt32
    ) {
        self.blocks = blocks
        self.freeBlocks = freeBlocks
        self.availableBlocks = availableBlocks
        self.files = files
        self.freeFiles = freeFiles
        self.blockSize = blockSize
        self.maximumNameLength = maximumNameLength
    }
}
