public import BypassIOProtocol
public import SystemPackage

/// A request's status: `IO_STATUS_BLOCK`, and the host's errno if there was one.
public struct IOStatusBlock: Sendable, Equatable {
    public var status: NTStatus
    /// Bytes transferred or written to the output, by request (`IO_STATUS_BLOCK.Information`).
    public var information: Int
    /// The errno of the backing file system, unchanged; 0 if there was none.
    public var hostErrno: Int32

    public init(_ status: NTStatus, information: Int = 0, hostErrno: Int32 = 0) {
        self.status = status
        self.information = information
        self.hostErrno = hostErrno
    }

    public init(_ failure: IOFailure) {
        self.init(failure.status, information: 0, hostErrno: failure.hostErrno)
    }

    public static var success: IOStatusBlock { IOStatusBlock(.success) }

    /// The failure that this block stands for; nil if the request succeeded.
    public var failure: IOFailure? {
        status.isError ? IOFailure(status, hostErrno: hostErrno) : nil
    }
}

/// Why a request failed: the NTSTATUS, and the backing file system's errno if it failed there.
public struct IOFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let status: NTStatus
    /// 0 if no host call was involved.
    public let hostErrno: Int32

    public init(_ status: NTStatus, hostErrno: Int32 = 0) {
        self.status = status
        self.hostErrno = hostErrno
    }

    /// A failure of a host system call. An errno without an NTSTATUS of its own becomes an I/O
    /// error that keeps its number.
    public init(errno: Errno) {
        self.init(NTStatus(errno: errno.rawValue) ?? .ioDeviceError, hostErrno: errno.rawValue)
    }

    /// The errno for a Linux caller: the host's, unchanged, or the status' own (EIO if it has
    /// none).
    public var errno: Errno {
        if hostErrno != 0 { return Errno(rawValue: hostErrno) }
        return status.errno.map { Errno(rawValue: $0) } ?? .ioError
    }

    public var description: String {
        hostErrno == 0 ? "\(status)" : "\(status) (errno \(hostErrno))"
    }
}

/// A request's result beside its status. Filters see it in their post callbacks and may change it.
public enum IOResult: Sendable {
    case none
    case opened(OpenedFile)
    case information(FileInformation)
    /// The bytes that a symbolic link holds.
    case linkTarget([UInt8])
    /// An offset in bytes, of the next data or hole.
    case offset(UInt64)
    case flags(FileFlags)
    case entries([DirectoryEntry])
    case names([[UInt8]])
    /// The value of an extended attribute, or the output of a file-system control.
    case bytes([UInt8])
    case volume(VolumeInformation)
    /// The lock in the way; nil if there is none.
    case lock(FileLock?)
}

/// The question of an IRP_MJ_QUERY_INFORMATION.
public enum InformationQuery: Sendable, Equatable {
    /// All that `stat` reports, and the attributes that BypassIO asks for.
    case all
    /// All that `stat` reports, without the attributes that BypassIO asks for: one system call
    /// below.
    case status
    /// The same of a name in the file object's directory. The file is not opened, and a link is not
    /// followed (`NtQueryInformationByName`).
    case entry(FilePath.Component)
    /// The bytes that a symbolic link holds.
    case linkTarget
    /// The next data (`SEEK_DATA`) or hole (`SEEK_HOLE`) from an offset in bytes.
    case nextData(from: UInt64)
    case nextHole(from: UInt64)
    /// The flags that `lsattr` shows.
    case flags(FileFlags.Form)
}

/// A name in a directory.
public struct DirectoryEntry: Sendable, Equatable {
    /// Any bytes but NUL and slash, 1 to 255 of them.
    public var name: [UInt8]
    public var id: FileID
    /// nil if the file system does not say.
    public var kind: FileKind?
    /// The position after this entry, from which an enumeration goes on.
    public var cookie: UInt64
    /// The file's status if it was asked for; nil for "." and "..", and for a name that went away
    /// meanwhile.
    public var information: FileInformation?

    public init(
        name: [UInt8], id: FileID, kind: FileKind?, cookie: UInt64,
        information: FileInformation? = nil
    ) {
        self.name = name
        self.id = id
        self.kind = kind
        self.cookie = cookie
        self.information = information
    }
}

/// How full a volume is (`FILE_FS_FULL_SIZE_INFORMATION`, `statfs`).
public struct VolumeInformation: Sendable, Equatable {
    /// In bytes; the counts below are of these blocks.
    public var blockSize: UInt64
    public var totalBlocks: UInt64
    public var freeBlocks: UInt64
    /// Free blocks for a requestor without privileges.
    public var availableBlocks: UInt64
    public var totalFiles: UInt64
    public var freeFiles: UInt64
    /// In bytes.
    public var maximumNameLength: UInt32
    /// A file's size says nothing about the bytes that a read gives: the file system makes the
    /// content at the read, as in /proc and /sys.
    public var hasMadeUpSizes: Bool

    public init(
        blockSize: UInt64, totalBlocks: UInt64, freeBlocks: UInt64, availableBlocks: UInt64,
        totalFiles: UInt64, freeFiles: UInt64, maximumNameLength: UInt32,
        hasMadeUpSizes: Bool = false
    ) {
        self.blockSize = blockSize
        self.totalBlocks = totalBlocks
        self.freeBlocks = freeBlocks
        self.availableBlocks = availableBlocks
        self.totalFiles = totalFiles
        self.freeFiles = freeFiles
        self.maximumNameLength = maximumNameLength
        self.hasMadeUpSizes = hasMadeUpSizes
    }
}
