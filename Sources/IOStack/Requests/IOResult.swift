/// What a request brought back, beside its status: filters see it in their post callbacks and may
/// change it.
public enum IOResult: Sendable {
    case none
    case opened(OpenedFile)
    case information(FileInformation)
    /// The bytes a symbolic link holds.
    case linkTarget([UInt8])
    /// An offset in bytes, of the next data or hole.
    case offset(UInt64)
    case entries([DirectoryEntry])
    case names([[UInt8]])
    /// The value of an extended attribute, or the output of a file-system control.
    case bytes([UInt8])
    case volume(VolumeInformation)
    /// The lock in the way; nil if none is.
    case lock(FileLock?)
}

/// A name in a directory.
public struct DirectoryEntry: Sendable, Equatable {
    /// Any bytes but NUL and slash, 1 to 255 of them.
    public var name: [UInt8]
    public var id: FileID
    /// nil where the file system does not say.
    public var kind: FileKind?
    /// The position after this entry, to go on from.
    public var cookie: UInt64

    public init(name: [UInt8], id: FileID, kind: FileKind?, cookie: UInt64) {
        self.name = name
        self.id = id
        self.kind = kind
        self.cookie = cookie
    }
}

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

    public init(
        blockSize: UInt64, totalBlocks: UInt64, freeBlocks: UInt64, availableBlocks: UInt64,
        totalFiles: UInt64, freeFiles: UInt64, maximumNameLength: UInt32
    ) {
        self.blockSize = blockSize
        self.totalBlocks = totalBlocks
        self.freeBlocks = freeBlocks
        self.availableBlocks = availableBlocks
        self.totalFiles = totalFiles
        self.freeFiles = freeFiles
        self.maximumNameLength = maximumNameLength
    }
}
