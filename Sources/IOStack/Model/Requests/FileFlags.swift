import SystemPackage

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
