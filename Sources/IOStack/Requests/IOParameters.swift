public import BypassIOProtocol

/// The parameters of a request, one case per major function (`FLT_PARAMETERS`).
public enum IOParameters: Sendable {
    case create(CreateParameters)
    /// `length` bytes at `offset` into the request's buffer.
    case read(offset: UInt64, length: Int)
    /// The first `length` bytes of the request's buffer to `offset`.
    case write(offset: UInt64, length: Int)
    case cleanup
    case close
    case queryInformation(InformationQuery)
    case setInformation(FileChange)
    /// Entries after the position `cookie` (0 is the start), at most `limit`.
    case directoryControl(cookie: UInt64, limit: Int)
    /// `dataOnly` leaves out what is not needed to read the data back (`fdatasync`).
    case flushBuffers(dataOnly: Bool)
    case queryEA(ExtendedAttributeQuery)
    case setEA(name: [UInt8], change: ExtendedAttributeChange)
    case lockControl(FileLock)
    case queryVolumeInformation
    case fileSystemControl(FileSystemControlParameters)

    public var majorFunction: MajorFunction {
        switch self {
        case .create: .create
        case .read: .read
        case .write: .write
        case .cleanup: .cleanup
        case .close: .close
        case .queryInformation: .queryInformation
        case .setInformation: .setInformation
        case .directoryControl: .directoryControl
        case .flushBuffers: .flushBuffers
        case .queryEA: .queryEA
        case .setEA: .setEA
        case .lockControl: .lockControl
        case .queryVolumeInformation: .queryVolumeInformation
        case .fileSystemControl: .fileSystemControl
        }
    }
}

/// What IRP_MJ_QUERY_INFORMATION asks.
public enum InformationQuery: Sendable, Equatable {
    /// Everything `stat` tells.
    case all
    /// What a symbolic link holds.
    case linkTarget
    /// The next data (`SEEK_DATA`) or hole (`SEEK_HOLE`) from an offset in bytes.
    case nextData(from: UInt64)
    case nextHole(from: UInt64)
}

public enum ExtendedAttributeQuery: Sendable, Equatable {
    case names
    case value(name: [UInt8])
}

public enum ExtendedAttributeChange: Sendable, Equatable {
    /// `XATTR_CREATE` is `mustNotExist`, `XATTR_REPLACE` is `mustExist`.
    case set([UInt8], mustExist: Bool, mustNotExist: Bool)
    case remove
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
        /// Fail at once if somebody else holds it.
        case tryLock
        case wait
        /// Who would be in the way? (`F_OFD_GETLK`)
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

/// A file-system control: the parameters of IRP_MJ_FILE_SYSTEM_CONTROL, METHOD_BUFFERED.
public struct FileSystemControlParameters: Sendable {
    public var code: ControlCode
    public var input: [UInt8]
    /// Bytes the caller offers for output.
    public var outputLength: Int

    public init(code: ControlCode, input: [UInt8], outputLength: Int) {
        self.code = code
        self.input = input
        self.outputLength = outputLength
    }
}
