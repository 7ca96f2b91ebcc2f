package import CKernelABI
package import SystemPackage

extension SystemCall {
    /// ioctl_iflags(2) FS_IOC_GETFLAGS: FS_*_FL bits of an inode.
    ///
    /// - Throws: ENOTTY if the file system has none, EBADF for an O_PATH descriptor.
    package static func inodeFlags(of descriptor: FileDescriptor) throws(Errno) -> InodeFlags {
        var raw: UInt32 = 0
        _ = try retryingInt { unsafe bpio_get_inode_flags(descriptor.rawValue, &raw) }
        return InodeFlags(rawValue: raw)
    }

    /// ioctl_iflags(2) FS_IOC_SETFLAGS: Replace the FS_*_FL bits of an inode.
    package static func setInodeFlags(
        of descriptor: FileDescriptor, to flags: InodeFlags
    ) throws(Errno) {
        _ = try retryingInt { bpio_set_inode_flags(descriptor.rawValue, flags.rawValue) }
    }

    /// FS_IOC_GETVERSION: The generation of an inode.
    ///
    /// - Throws: ENOTTY if the file system has none, EBADF for an O_PATH descriptor.
    package static func inodeGeneration(of descriptor: FileDescriptor) throws(Errno) -> UInt32 {
        var generation: UInt32 = 0
        _ = try retryingInt { unsafe bpio_get_inode_generation(descriptor.rawValue, &generation) }
        return generation
    }

    /// ioctl_xfs_fsgetxattr(2) FS_IOC_FSGETXATTR: FS_XFLAG_* bits of an inode.
    package static func extendedInodeFlags(
        of descriptor: FileDescriptor
    ) throws(Errno) -> ExtendedInodeFlags {
        var raw = bpio_fsxattr()
        _ = try retryingInt { unsafe bpio_get_fsxattr(descriptor.rawValue, &raw) }
        return ExtendedInodeFlags(rawValue: raw.fsx_xflags)
    }

    /// ioctl_xfs_fsgetxattr(2) FS_IOC_FSGETXATTR: The whole structure.
    package static func extendedAttributes(
        of descriptor: FileDescriptor
    ) throws(Errno) -> bpio_fsxattr {
        var raw = bpio_fsxattr()
        _ = try retryingInt { unsafe bpio_get_fsxattr(descriptor.rawValue, &raw) }
        return raw
    }

    /// FS_IOC_FSSETXATTR: Replace the structure.
    package static func setExtendedAttributes(
        of descriptor: FileDescriptor, to flags: bpio_fsxattr
    ) throws(Errno) {
        var raw = flags
        _ = try retryingInt { unsafe bpio_set_fsxattr(descriptor.rawValue, &raw) }
    }

    /// FS_IOC_FIEMAP (kernel documentation filesystems/fiemap): Up to 64 extents from `start` on.
    ///
    /// - Parameter flushing: writes dirty pages first (FIEMAP_FLAG_SYNC), so that every extent has
    ///   its place.
    /// - Throws: EOPNOTSUPP if the file system has no extent map, EBADF for O_PATH.
    package static func extents(
        of descriptor: FileDescriptor, from start: UInt64, flushing: Bool
    ) throws(Errno) -> [FileExtent] {
        var raw = [bpio_fiemap_extent](
            repeating: bpio_fiemap_extent(), count: Int(BPIO_FIEMAP_CAPACITY))
        let flags = flushing ? BPIO_FIEMAP_FLAG_SYNC : 0
        let count = try retryingInt {
            unsafe raw.withUnsafeMutableBufferPointer { room in
                unsafe bpio_fiemap(
                    descriptor.rawValue, start, UInt64.max - start, flags, room.baseAddress,
                    UInt32(room.count))
            }
        }
        return raw.prefix(Int(count)).map {
            FileExtent(
                offset: $0.fe_logical, physicalOffset: $0.fe_physical, length: $0.fe_length,
                flags: FileExtent.Flags(rawValue: $0.fe_flags))
        }
    }
}

/// FS_*_FL bits (ioctl_iflags(2)).
package struct InodeFlags: OptionSet, Sendable, Hashable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let compressed = InodeFlags(rawValue: BPIO_FS_COMPR_FL)
    package static let immutable = InodeFlags(rawValue: BPIO_FS_IMMUTABLE_FL)
    package static let appendOnly = InodeFlags(rawValue: BPIO_FS_APPEND_FL)
    package static let encrypted = InodeFlags(rawValue: BPIO_FS_ENCRYPT_FL)
    package static let journalsData = InodeFlags(rawValue: BPIO_FS_JOURNAL_DATA_FL)
    package static let verity = InodeFlags(rawValue: BPIO_FS_VERITY_FL)
    package static let noCopyOnWrite = InodeFlags(rawValue: BPIO_FS_NOCOW_FL)
    package static let dax = InodeFlags(rawValue: BPIO_FS_DAX_FL)
    package static let inlineData = InodeFlags(rawValue: BPIO_FS_INLINE_DATA_FL)
}

/// FS_XFLAG_* bits (ioctl_xfs_fsgetxattr(2)).
package struct ExtendedInodeFlags: OptionSet, Sendable, Hashable {
    package var rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let realTime = ExtendedInodeFlags(rawValue: BPIO_FS_XFLAG_REALTIME)
    package static let immutable = ExtendedInodeFlags(rawValue: BPIO_FS_XFLAG_IMMUTABLE)
    package static let appendOnly = ExtendedInodeFlags(rawValue: BPIO_FS_XFLAG_APPEND)
    package static let dax = ExtendedInodeFlags(rawValue: BPIO_FS_XFLAG_DAX)
}

/// An extent of FS_IOC_FIEMAP; offsets and lengths in bytes of the file.
package struct FileExtent: Sendable, Hashable {
    /// FIEMAP_EXTENT_* bits.
    package struct Flags: OptionSet, Sendable, Hashable {
        package var rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let last = Flags(rawValue: BPIO_FIEMAP_EXTENT_LAST)
        package static let notYetPlaced = Flags(rawValue: BPIO_FIEMAP_EXTENT_DELALLOC)
        /// Compressed, or otherwise not readable from the device as it is.
        package static let encoded = Flags(rawValue: BPIO_FIEMAP_EXTENT_ENCODED)
        package static let encrypted = Flags(rawValue: BPIO_FIEMAP_EXTENT_DATA_ENCRYPTED)
        package static let inline = Flags(rawValue: BPIO_FIEMAP_EXTENT_DATA_INLINE)
        package static let tail = Flags(rawValue: BPIO_FIEMAP_EXTENT_DATA_TAIL)
        package static let unwritten = Flags(rawValue: BPIO_FIEMAP_EXTENT_UNWRITTEN)
        package static let shared = Flags(rawValue: BPIO_FIEMAP_EXTENT_SHARED)
    }

    package var offset: UInt64
    /// In bytes of the device.
    package var physicalOffset: UInt64
    package var length: UInt64
    package var flags: Flags

    package var end: UInt64 { offset &+ length }
}
