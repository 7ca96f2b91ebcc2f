import SystemPackage

/// All that is known of a file without reading it: `FILE_ALL_INFORMATION`, `struct stat`.
public struct FileInformation: Sendable, Equatable {
    public var kind: FileKind
    public var id: FileID
    /// Permission, set-id and sticky bits, without the type.
    public var permissions: UInt32
    public var linkCount: UInt64
    public var userID: UInt32
    public var groupID: UInt32
    /// In bytes.
    public var size: UInt64
    /// In bytes, on the storage.
    public var allocatedSize: UInt64
    /// The I/O size that the file system prefers, in bytes.
    public var preferredIOSize: UInt32
    /// The number of a device node.
    public var deviceNumber: UInt64
    public var accessTime: FileTime
    public var modificationTime: FileTime
    public var changeTime: FileTime
    /// nil if the file system keeps none.
    public var birthTime: FileTime?
    public var attributes: FileAttributes

    public init(
        kind: FileKind, id: FileID, permissions: UInt32, linkCount: UInt64, userID: UInt32,
        groupID: UInt32, size: UInt64, allocatedSize: UInt64, preferredIOSize: UInt32,
        deviceNumber: UInt64 = 0, accessTime: FileTime, modificationTime: FileTime,
        changeTime: FileTime, birthTime: FileTime? = nil, attributes: FileAttributes = []
    ) {
        self.kind = kind
        self.id = id
        self.permissions = permissions
        self.linkCount = linkCount
        self.userID = userID
        self.groupID = groupID
        self.size = size
        self.allocatedSize = allocatedSize
        self.preferredIOSize = preferredIOSize
        self.deviceNumber = deviceNumber
        self.accessTime = accessTime
        self.modificationTime = modificationTime
        self.changeTime = changeTime
        self.birthTime = birthTime
        self.attributes = attributes
    }
}

/// The type of a file.
public enum FileKind: UInt8, Sendable, Hashable {
    case regularFile
    case directory
    case symbolicLink
    case fifo
    case socket
    case characterDevice
    case blockDevice
}

/// A point in time as file systems keep it.
public struct FileTime: Sendable, Hashable {
    /// Since 1970-01-01 00:00:00 UTC; negative before.
    public var seconds: Int64
    /// 0 ..< 1,000,000,000.
    public var nanoseconds: UInt32

    public init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

/// Attributes that decide about BypassIO, beside the POSIX ones.
public struct FileAttributes: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let compressed = FileAttributes(rawValue: 1 << 0)
    public static let encrypted = FileAttributes(rawValue: 1 << 1)
    public static let sparse = FileAttributes(rawValue: 1 << 2)
    /// A swap file: Windows' paging file.
    public static let paging = FileAttributes(rawValue: 1 << 3)
    public static let dax = FileAttributes(rawValue: 1 << 4)
    /// The data lies in the inode: NTFS' resident file.
    public static let resident = FileAttributes(rawValue: 1 << 5)
    public static let immutable = FileAttributes(rawValue: 1 << 6)
    public static let appendOnly = FileAttributes(rawValue: 1 << 7)
    public static let verity = FileAttributes(rawValue: 1 << 8)
}

/// A file's flags beside its mode, as a Linux file system keeps them: immutable, append-only, not
/// dumped, the project (lsattr(1), chattr(1)). Linux has two forms of them.
public enum FileFlags: Sendable, Equatable {
    /// `FS_*_FL` bits (ioctl_iflags(2)).
    case inode(UInt32)
    case extended(ExtendedFileFlags)
    /// Tells the file from an earlier one with its inode number (FS_IOC_GETVERSION). Read-only.
    case generation(UInt32)

    public enum Form: Sendable, Equatable {
        case inode, extended, generation
    }

    /// The flags that have a rule of BypassIO: FS_COMPR_FL and FS_ENCRYPT_FL. The extended form
    /// does not have them.
    var attributes: FileAttributes {
        guard case .inode(let bits) = self else { return [] }
        var attributes: FileAttributes = []
        if bits & 0x0000_0004 != 0 { attributes.insert(.compressed) }
        if bits & 0x0000_0800 != 0 { attributes.insert(.encrypted) }
        return attributes
    }
}

/// `struct fsxattr` (ioctl_xfs_fsgetxattr(2)).
public struct ExtendedFileFlags: Sendable, Equatable {
    /// `FS_XFLAG_*` bits.
    public var flags: UInt32
    /// In bytes.
    public var extentSize: UInt32
    /// Read-only.
    public var extentCount: UInt32
    public var projectID: UInt32
    /// In bytes.
    public var copyOnWriteExtentSize: UInt32

    public init(
        flags: UInt32, extentSize: UInt32, extentCount: UInt32, projectID: UInt32,
        copyOnWriteExtentSize: UInt32
    ) {
        self.flags = flags
        self.extentSize = extentSize
        self.extentCount = extentCount
        self.projectID = projectID
        self.copyOnWriteExtentSize = copyOnWriteExtentSize
    }
}

extension IOFailure {
    /// `ENOTTY`: the file system keeps no ``FileFlags``.
    public static let noFileFlags = IOFailure(errno: .inappropriateIOCTLForDevice)
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
