public import SystemPackage

/// The parameters of a request, one case per major function (`FLT_PARAMETERS`).
public enum IOParameters: Sendable {
    case create(CreateParameters)
    /// Reads `length` bytes at `offset` into the request's buffer.
    case read(offset: UInt64, length: Int)
    /// Writes the first `length` bytes of the request's buffer at `offset`.
    case write(offset: UInt64, length: Int)
    case cleanup
    case close
    case queryInformation(InformationQuery)
    case setInformation(FileChange)
    /// Enumerates entries after the position `cookie` (0 is the start), at most `limit`; each with
    /// the file's information if `withInformation` is set.
    case directoryControl(cookie: UInt64, limit: Int, withInformation: Bool)
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

/// A change of a file or of a name, the request of an IRP_MJ_SET_INFORMATION.
public enum FileChange: Sendable {
    /// Permission, set-id and sticky bits (`chmod`).
    case permissions(UInt32)
    /// nil leaves that id as it is (`chown`).
    case owner(userID: UInt32?, groupID: UInt32?)
    /// nil leaves that time as it is (`utimensat`).
    case times(access: TimeChange?, modification: TimeChange?)
    /// `FileEndOfFileInformation`: the new size in bytes (`ftruncate`).
    case endOfFile(UInt64)
    /// `FileAllocationInformation` (`fallocate`).
    case allocation(Allocation, offset: UInt64, length: UInt64)
    /// Attributes that the file gains and loses (FSCTL_SET_COMPRESSION, FSCTL_SET_SPARSE, the
    /// encryption of a file). `NTStatus.notSupportedWithBypassIO` for compression of a file that
    /// has bypass enabled, `NTStatus.notSupported` for what the file system cannot do.
    case attributes(set: FileAttributes, cleared: FileAttributes)
    /// All of a file's flags, as `chattr` sets them. Flags that are attributes, too, follow the
    /// rules of ``attributes(set:cleared:)``.
    case flags(FileFlags)
    /// `FileRenameInformation`: the name `from` in the file object's directory becomes `to`.
    case rename(from: FilePath.Component, to: FilePath.Component, in: FileObject, RenameFlags)
    /// `FileLinkInformation`: a further name for the file object, in `directory`.
    case link(FilePath.Component, in: FileObject)
    /// `FileDispositionInformation`: removes the name from the file object, a directory.
    case unlink(FilePath.Component, directory: Bool)

    public enum TimeChange: Sendable, Equatable {
        case now
        case to(FileTime)
    }

    public enum Allocation: Sendable, Equatable {
        /// Reserve; grow the file if needed.
        case extend
        /// Reserve beyond the end without growing the file.
        case keepSize
        case punchHole
        case zeroRange
        case zeroRangeKeepingSize
        case collapseRange
        case insertRange
    }

    public struct RenameFlags: OptionSet, Sendable, Hashable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// Fail if the new name exists (`RENAME_NOREPLACE`).
        public static let noReplace = RenameFlags(rawValue: 1)
        /// Exchange both names (`RENAME_EXCHANGE`).
        public static let exchange = RenameFlags(rawValue: 2)
        /// Leave a whiteout behind (`RENAME_WHITEOUT`).
        public static let whiteout = RenameFlags(rawValue: 4)
    }
}
