public import BypassIOProtocol

/// The function of a request: the `IRP_MJ_*` function for which a filter registers callbacks.
///
/// The POSIX operations map onto Windows' functions. `mkdir`, `symlink` and `mknod` are ``create``
/// with another kind. `rename`, `link`, `unlink`, `truncate`, `chmod` and `utimensat` are
/// ``setInformation``. Extended attributes are ``queryEA`` and ``setEA``.
public enum MajorFunction: UInt8, CaseIterable, Sendable {
    case create
    case read
    case write
    /// The last handle of a file object is gone; the file object may still be referenced.
    case cleanup
    /// The file object itself goes away. Cannot fail.
    case close
    case queryInformation
    case setInformation
    case directoryControl
    case flushBuffers
    case queryEA
    case setEA
    case lockControl
    case queryVolumeInformation
    case fileSystemControl

    /// Windows' name, e.g. `IRP_MJ_READ`.
    public var windowsName: String {
        switch self {
        case .create: "IRP_MJ_CREATE"
        case .read: "IRP_MJ_READ"
        case .write: "IRP_MJ_WRITE"
        case .cleanup: "IRP_MJ_CLEANUP"
        case .close: "IRP_MJ_CLOSE"
        case .queryInformation: "IRP_MJ_QUERY_INFORMATION"
        case .setInformation: "IRP_MJ_SET_INFORMATION"
        case .directoryControl: "IRP_MJ_DIRECTORY_CONTROL"
        case .flushBuffers: "IRP_MJ_FLUSH_BUFFERS"
        case .queryEA: "IRP_MJ_QUERY_EA"
        case .setEA: "IRP_MJ_SET_EA"
        case .lockControl: "IRP_MJ_LOCK_CONTROL"
        case .queryVolumeInformation: "IRP_MJ_QUERY_VOLUME_INFORMATION"
        case .fileSystemControl: "IRP_MJ_FILE_SYSTEM_CONTROL"
        }
    }
}

/// A file-system control: the parameters of IRP_MJ_FILE_SYSTEM_CONTROL, METHOD_BUFFERED.
public struct FileSystemControlParameters: Sendable {
    public var code: ControlCode
    public var input: [UInt8]
    /// In bytes, as the caller offers.
    public var outputLength: Int

    public init(code: ControlCode, input: [UInt8], outputLength: Int) {
        self.code = code
        self.input = input
        self.outputLength = outputLength
    }
}

/// An advisory lock: `fcntl`'s byte ranges or `flock`'s whole file.
public struct FileLock: Sendable, Equatable {
    public enum Kind: Sendable, Equatable { case shared, exclusive, unlock }
    public enum Family: Sendable, Equatable {
        /// A byte range, owned by the file object (`F_OFD_SETLK`). Length 0 reaches to the end.
        case range(offset: UInt64, length: UInt64)
        /// The whole file (`flock`).
        case wholeFile
    }
    public enum Action: Sendable, Equatable {
        /// Fail at once if another owner holds it.
        case tryLock
        case wait
        /// Returns the lock in the way (`F_OFD_GETLK`).
        case test
    }

    public var kind: Kind
    public var family: Family
    public var action: Action

    public init(_ kind: Kind, _ family: Family, _ action: Action) {
        self.kind = kind
        self.family = family
        self.action = action
    }
}
