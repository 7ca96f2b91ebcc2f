import SystemPackage

/// What a Linux file system keeps of a file beside its mode: that it is immutable, append-only, not
/// dumped, whose project it is (lsattr(1), chattr(1)). In one of the two forms that Linux has.
public enum FileFlags: Sendable, Equatable {
    /// `FS_*_FL` bits (ioctl_iflags(2)).
    case inode(UInt32)
    case extended(ExtendedFileFlags)
    /// Tells the file from an earlier one with its inode number (FS_IOC_GETVERSION). Told, never
    /// set.
    case generation(UInt32)

    public enum Form: Sendable, Equatable {
        case inode, extended, generation
    }

    /// Those that have a rule of BypassIO: FS_COMPR_FL and FS_ENCRYPT_FL, which the extended form
    /// does not have.
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
    /// Told, never set.
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
