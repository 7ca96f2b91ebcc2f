internal import CKernelABI
internal import SystemPackage

/// `O_*` of open(2) and openat2(2), with the values of the running architecture.
public struct OpenFlags: OptionSet, Sendable, Hashable {
    public var rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The flags as the kernel puts them into messages.
    package init(bits: UInt32) { rawValue = Int32(bitPattern: bits) }

    /// O_ACCMODE: the two bits for reading and writing.
    private var access: Int32 { rawValue & 3 }

    public var mayRead: Bool { access != BPIO_O_WRONLY }
    public var mayWrite: Bool { access != BPIO_O_RDONLY }
    public var isExclusive: Bool { contains(.exclusive) }
    public var truncates: Bool { contains(.truncate) }
    public var appends: Bool { contains(.append) }
    public var isDirect: Bool { contains(.direct) }
    /// O_SYNC or O_DSYNC.
    public var isSynchronous: Bool { contains(.dataSync) }
    public var leavesAccessTime: Bool { contains(.noAccessTime) }

    package static let readOnly: OpenFlags = []
    package static let writeOnly = OpenFlags(rawValue: BPIO_O_WRONLY)
    package static let readWrite = OpenFlags(rawValue: BPIO_O_RDWR)
    package static let create = OpenFlags(rawValue: BPIO_O_CREAT)
    package static let exclusive = OpenFlags(rawValue: BPIO_O_EXCL)
    package static let truncate = OpenFlags(rawValue: BPIO_O_TRUNC)
    package static let append = OpenFlags(rawValue: BPIO_O_APPEND)
    package static let nonBlocking = OpenFlags(rawValue: BPIO_O_NONBLOCK)
    package static let dataSync = OpenFlags(rawValue: BPIO_O_DSYNC)
    package static let sync = OpenFlags(rawValue: BPIO_O_SYNC)
    package static let direct = OpenFlags(rawValue: BPIO_O_DIRECT)
    package static let directory = OpenFlags(rawValue: BPIO_O_DIRECTORY)
    package static let noFollow = OpenFlags(rawValue: BPIO_O_NOFOLLOW)
    package static let noAccessTime = OpenFlags(rawValue: BPIO_O_NOATIME)
    /// O_PATH: a place in the tree, good for *at calls, statx and reopening, not for data.
    package static let pathOnly = OpenFlags(rawValue: BPIO_O_PATH)
    /// O_TMPFILE, which contains O_DIRECTORY: an unnamed file in the opened directory.
    package static let unnamed = OpenFlags(rawValue: BPIO_O_TMPFILE)

    /// O_CLOEXEC is added to every open: no child process inherits a descriptor of this process.
    static let closeOnExec = OpenFlags(rawValue: BPIO_O_CLOEXEC)
}

/// How openat2(2) may walk the path (Linux 5.6).
package struct ResolveFlags: OptionSet, Sendable, Hashable {
    package var rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Do not cross into another mount: EXDEV.
    package static let noCrossingMounts = ResolveFlags(rawValue: UInt64(BPIO_RESOLVE_NO_XDEV))
    /// Refuse links of the kind /proc/PID/fd: ELOOP.
    package static let noMagicLinks = ResolveFlags(rawValue: UInt64(BPIO_RESOLVE_NO_MAGICLINKS))
    /// Refuse every symbolic link: ELOOP.
    package static let noSymbolicLinks = ResolveFlags(rawValue: UInt64(BPIO_RESOLVE_NO_SYMLINKS))
    /// Never leave the starting directory, by "..", absolute path or link: EXDEV.
    package static let beneath = ResolveFlags(rawValue: UInt64(BPIO_RESOLVE_BENEATH))
    /// Treat the starting directory as "/" while walking.
    package static let inRoot = ResolveFlags(rawValue: UInt64(BPIO_RESOLVE_IN_ROOT))
    /// Use only the directory cache: EAGAIN if it does not suffice.
    package static let cachedOnly = ResolveFlags(rawValue: UInt64(BPIO_RESOLVE_CACHED))
}

extension FilePath {
    /// A path of these bytes, whatever the encoding; a NUL byte ends it.
    init(bytes: [UInt8]) {
        let text = bytes + CollectionOfOne(0)
        self = unsafe text.withUnsafeBytes { text in
            let characters = unsafe text.assumingMemoryBound(to: CChar.self)
            guard let start = characters.baseAddress else { return FilePath() }
            return unsafe FilePath(platformString: start)
        }
    }
}
