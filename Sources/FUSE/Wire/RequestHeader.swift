/// The beginning of every request (`struct fuse_in_header`, 40 bytes).
package struct RequestHeader {
    package static let size = 40

    /// Of the whole request, in bytes.
    let length: UInt32
    let opcode: UInt32
    let unique: RequestID
    let node: NodeID
    let userID: UInt32
    let groupID: UInt32
    let processID: UInt32

    init(_ reader: inout MessageReader) throws(MalformedRequest) {
        length = try reader.u32()
        opcode = try reader.u32()
        unique = RequestID(try reader.u64())
        node = NodeID(try reader.u64())
        userID = try reader.u32()
        groupID = try reader.u32()
        processID = try reader.u32()
        // total_extlen and padding: no extension is negotiated.
        try reader.skip(4)
    }
}

/// A device number as the protocol carries it: 32 bits, minor's low byte, 12 bits of major, the
/// rest of minor (`new_encode_dev`, linux/kdev_t.h).
public struct DeviceCode: RawRepresentable, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public init(major: UInt32, minor: UInt32) {
        rawValue = (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & 0xFFF00) << 12
    }

    public var major: UInt32 { rawValue >> 8 & 0xFFF }
    public var minor: UInt32 { rawValue & 0xFF | rawValue >> 12 & 0xFFF00 }
}

/// Features on which kernel and service agree in INIT: `flags` in the low, `flags2` in the high
/// half.
public struct InitFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    private init(bit: UInt64) { rawValue = 1 << bit }

    /// Readahead goes out as several requests at once.
    public static let asynchronousRead = InitFlags(bit: 0)
    /// `fcntl` locks come to the service; without it the kernel keeps them within the mount.
    public static let posixLocks = InitFlags(bit: 1)
    /// O_TRUNC comes with OPEN.
    public static let atomicTruncate = InitFlags(bit: 3)
    /// LOOKUP of a node itself and of a directory's parent, by which the kernel finds a node again
    /// that it has forgotten: for handles of files (open_by_handle_at(2), NFS).
    public static let exportSupport = InitFlags(bit: 4)
    /// A buffered write may carry more than a page.
    public static let bigWrites = InitFlags(bit: 5)
    /// The service applies the umask.
    public static let dontMask = InitFlags(bit: 6)
    /// `flock` locks come to the service.
    public static let flockLocks = InitFlags(bit: 10)
    /// Controls on directories come to the service.
    public static let directoryControls = InitFlags(bit: 11)
    /// A changed size or modification time drops the file's cached pages.
    public static let automaticInvalidation = InitFlags(bit: 12)
    public static let readDirectoryPlus = InitFlags(bit: 13)
    public static let readDirectoryPlusAutomatic = InitFlags(bit: 14)
    /// Direct I/O is split and sent in parallel.
    public static let asynchronousDirectIO = InitFlags(bit: 15)
    public static let writebackCache = InitFlags(bit: 16)
    /// LOOKUP and READDIR of one directory at the same time.
    public static let parallelDirectoryOperations = InitFlags(bit: 18)
    /// The kernel checks POSIX ACLs; implies default_permissions.
    public static let posixACL = InitFlags(bit: 20)
    /// A read after an abort fails with ECONNABORTED, not ENODEV.
    public static let abortError = InitFlags(bit: 21)
    public static let maximumPages = InitFlags(bit: 22)
    public static let cacheSymbolicLinks = InitFlags(bit: 23)
    /// The service takes set-id bits off when told to.
    public static let handleKillPrivileges = InitFlags(bit: 28)
    /// SETXATTR carries flags of its own (16 bytes instead of 8).
    public static let extendedSetAttribute = InitFlags(bit: 29)
    /// The high half counts.
    public static let extendedInit = InitFlags(bit: 30)
    public static let directIOAllowMapping = InitFlags(bit: 36)
    public static let passthrough = InitFlags(bit: 37)
    /// Handles of files are refused at once.
    public static let noExportSupport = InitFlags(bit: 38)
}
