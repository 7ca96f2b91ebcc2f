public import SystemPackage

/// The parameters of IRP_MJ_CREATE.
public struct CreateParameters: Sendable {
    /// What must exist before, and what is made (`CreateDisposition`).
    public enum Disposition: Sendable, Equatable {
        /// Open what exists (`FILE_OPEN`).
        case open
        /// Make the file; fail if it exists (`FILE_CREATE`, `O_CREAT|O_EXCL`).
        case create
        /// Open the file or make it (`FILE_OPEN_IF`, `O_CREAT`).
        case openIf
        /// Open what exists and cut it to nothing (`FILE_OVERWRITE`, `O_TRUNC`).
        case overwrite
        /// Cut the file to nothing or make it (`FILE_OVERWRITE_IF`, `O_CREAT|O_TRUNC`).
        case overwriteIf

        public var mayCreate: Bool { self != .open && self != .overwrite }
        public var truncates: Bool { self == .overwrite || self == .overwriteIf }
    }

    /// The kind of file to open or make.
    public enum Kind: Sendable, Equatable {
        /// Any kind; a regular file if one must be made.
        case any
        case regularFile
        case directory
        /// A symbolic link to be made, with the bytes that it holds. Not a path type, which would
        /// normalise them.
        case symbolicLink(target: [UInt8])
        /// A FIFO, socket or device to be made; `mode` carries the type bits.
        case special(device: UInt64)
    }

    public struct Options: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// A non-cached handle (`FILE_NO_INTERMEDIATE_BUFFERING`, `O_DIRECT`). BypassIO concerns
        /// the reads of such handles only.
        public static let nonCached = Options(rawValue: 1 << 0)
        /// Every write goes to the end (`FILE_APPEND_DATA`, `O_APPEND`).
        public static let append = Options(rawValue: 1 << 1)
        /// The last component is not followed if it is a symbolic link (`O_NOFOLLOW`).
        public static let noFollow = Options(rawValue: 1 << 2)
        /// Data is on the disk before a write returns (`FILE_WRITE_THROUGH`, `O_SYNC`).
        public static let writeThrough = Options(rawValue: 1 << 3)
        /// A file without a name (`O_TMPFILE`); the path names its directory.
        public static let temporary = Options(rawValue: 1 << 4)
        /// Only the file's information is wanted; no data is read or written (`O_PATH`).
        public static let attributesOnly = Options(rawValue: 1 << 5)
        /// Reads leave the access time alone if the file system allows it (`O_NOATIME`).
        public static let noAccessTime = Options(rawValue: 1 << 6)
    }

    public struct Access: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let read = Access(rawValue: 1)
        public static let write = Access(rawValue: 2)
    }

    /// Relative to ``directory`` if that is given, otherwise to the volume's root. Empty means the
    /// directory itself. If ``directory`` is no directory, empty means that same file once more,
    /// even if it has no name any more. The path never leaves the volume: the file system confines
    /// it.
    public var path: FilePath
    /// Where the path starts (`OBJECT_ATTRIBUTES.RootDirectory`).
    public var directory: FileObject?
    /// Opens the file with this identity, whatever its name (`FILE_OPEN_BY_FILE_ID`). ``path`` and
    /// ``directory`` then do not count, and nothing is made. `ESTALE` if there is no such file, or
    /// if the file system does not find files so (``FileSystemDriver/opensByID``).
    public var fileID: FileID?
    /// The file is open already: another process left it. ``path`` is the path that it was opened
    /// by; nothing is looked up or made.
    public var handed: HandedOpen?
    public var access: Access
    public var disposition: Disposition
    public var kind: Kind
    public var options: Options
    /// Permission bits of a file that is made; its type bits only for ``Kind/special(device:)``.
    public var mode: UInt32
    /// Bits taken off ``mode``, unless the directory has a default ACL (acl(5)).
    public var umask: UInt32

    public init(
        path: FilePath, directory: FileObject? = nil, access: Access = .read,
        disposition: Disposition = .open, kind: Kind = .any, options: Options = [],
        mode: UInt32 = 0o644, umask: UInt32 = 0
    ) {
        self.path = path
        self.directory = directory
        self.access = access
        self.disposition = disposition
        self.kind = kind
        self.options = options
        self.mode = mode
        self.umask = umask
    }
}

extension CreateParameters {
    /// The file has no name that it is opened by (`O_TMPFILE`, or such a file once more): the path
    /// is that of a directory. The file may get names while it is open.
    public var isNameless: Bool {
        options.contains(.temporary) || (path.isEmpty && directory?.isNameless == true)
    }

    /// The longest ``pathFromRoot`` in bytes: Linux' own limit. Every open file keeps one.
    private static let longestPath = 4096

    /// The path from the volume's root, with the directory's names as they were when the directory
    /// was opened. A path of more than 4,096 bytes keeps only its last names, behind "…/".
    var pathFromRoot: String {
        if let fileID { return "#\(fileID.inode)" }
        guard let base = directory?.openedPath, !base.isEmpty else { return Self.end(path.string) }
        return path.isEmpty ? base : Self.end("\(base)/\(path.string)")
    }

    private static func end(_ path: String) -> String {
        guard path.utf8.count > longestPath else { return path }
        let cut = "…/"
        let rest = path.utf8.suffix(longestPath - cut.utf8.count)
        guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return cut }
        return cut + path[path.utf8.index(after: slash)...]
    }
}
