internal import CKernelABI

/// The result of statfs(2). Counts are in the units named beside them.
public struct FileSystemStatus: Sendable, Hashable {
    /// The magic number of the file system's type, 32 bits.
    public var magic: UInt64
    /// Preferred size of a transfer, bytes.
    public var blockSize: UInt64
    /// Unit of the block counts, bytes.
    public var fragmentSize: UInt64
    /// In units of ``fragmentSize``.
    public var blocks: UInt64
    public var freeBlocks: UInt64
    /// Blocks that an unprivileged user may still take.
    public var availableBlocks: UInt64
    public var files: UInt64
    public var freeFiles: UInt64
    /// Longest file name, bytes.
    public var nameLength: UInt64
    /// ST_* flags of the mount.
    public var flags: UInt64

    init(_ raw: bpio_statfs) {
        magic = raw.type
        blockSize = raw.block_size
        fragmentSize = raw.fragment_size == 0 ? raw.block_size : raw.fragment_size
        blocks = raw.blocks
        freeBlocks = raw.blocks_free
        availableBlocks = raw.blocks_available
        files = raw.files
        freeFiles = raw.files_free
        nameLength = raw.name_length
        flags = raw.flags
    }
}
