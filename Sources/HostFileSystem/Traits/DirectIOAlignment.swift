/// The alignment that direct I/O (O_DIRECT) of a file needs.
public struct DirectIOAlignment: Sendable, Hashable {
    /// The source of the figures.
    public enum Source: String, Sendable, Hashable {
        /// STATX_DIOALIGN: the file system's own figures (ext4, XFS, f2fs, EROFS, block devices).
        case statx
        /// The file was opened with O_DIRECT once. The alignment is the given logical block size,
        /// or 4096 without one.
        case probe
        /// Neither was possible: the file could not be opened for reading.
        case notProbed
        /// Directories, links, pipes and sockets have no direct I/O.
        case notApplicable
    }

    /// Address of the buffer, bytes; 0 without direct I/O.
    public var memory: Int
    /// Offset and length, bytes; 0 without direct I/O. Suffices for reads and writes.
    public var offset: Int
    /// Offset and length of reads, in bytes. Smaller than ``offset`` if the file system takes
    /// smaller reads than writes (XFS with reflinks, Linux 6.14), otherwise equal.
    public var readOffset: Int
    /// Whether the file can be opened with O_DIRECT. tmpfs allows it and serves from memory anyway;
    /// btrfs allows it and reads compressed and inline extents through the cache.
    public var support: Fact
    public var source: Source

    /// Used if nothing shows a smaller block: no disk in use has larger logical blocks.
    public static let fallback = 4096

    init(memory: Int, offset: Int, readOffset: Int? = nil, support: Fact, source: Source) {
        self.memory = memory
        self.offset = offset
        self.readOffset = readOffset ?? offset
        self.support = support
        self.source = source
    }

    static func unsupported(_ source: Source) -> DirectIOAlignment {
        DirectIOAlignment(memory: 0, offset: 0, support: .no, source: source)
    }
}
