internal import Glibc

/// The kernel's knowledge of a file (`struct fuse_attr`, 88 bytes).
public struct NodeAttributes: Sendable, Equatable {
    public var inode: UInt64
    /// In bytes.
    public var size: UInt64
    /// Of 512 bytes.
    public var blocks: UInt64
    public var accessTime: Timestamp
    public var modificationTime: Timestamp
    public var changeTime: Timestamp
    /// Type and permission bits, as in `st_mode`.
    public var mode: UInt32
    public var linkCount: UInt32
    public var userID: UInt32
    public var groupID: UInt32
    /// Of a device node.
    public var device: DeviceCode
    /// The I/O size the file system likes best, in bytes.
    public var blockSize: UInt32

    static let wireSize = 88

    public init(
        inode: UInt64, size: UInt64, blocks: UInt64, accessTime: Timestamp,
        modificationTime: Timestamp, changeTime: Timestamp, mode: UInt32, linkCount: UInt32,
        userID: UInt32, groupID: UInt32, device: DeviceCode = DeviceCode(rawValue: 0),
        blockSize: UInt32 = 4096
    ) {
        self.inode = inode
        self.size = size
        self.blocks = blocks
        self.accessTime = accessTime
        self.modificationTime = modificationTime
        self.changeTime = changeTime
        self.mode = mode
        self.linkCount = linkCount
        self.userID = userID
        self.groupID = groupID
        self.device = device
        self.blockSize = blockSize
    }

    func write(to writer: inout MessageWriter) {
        writer.u64(inode)
        writer.u64(size)
        writer.u64(blocks)
        writer.u64(UInt64(bitPattern: accessTime.seconds))
        writer.u64(UInt64(bitPattern: modificationTime.seconds))
        writer.u64(UInt64(bitPattern: changeTime.seconds))
        writer.u32(accessTime.nanoseconds)
        writer.u32(modificationTime.nanoseconds)
        writer.u32(changeTime.nanoseconds)
        writer.u32(mode)
        writer.u32(linkCount)
        writer.u32(userID)
        writer.u32(groupID)
        writer.u32(device.rawValue)
        writer.u32(blockSize)
        writer.u32(0)
    }

    /// `struct fuse_statx`, 256 bytes.
    func writeExtended(birthTime: Timestamp?, to writer: inout MessageWriter) {
        // STATX_BASIC_STATS and STATX_BTIME.
        writer.u32(0x7FF | (birthTime == nil ? 0 : 0x800))
        writer.u32(blockSize)
        writer.u64(0)
        writer.u32(linkCount)
        writer.u32(userID)
        writer.u32(groupID)
        writer.u16(UInt16(truncatingIfNeeded: mode))
        writer.u16(0)
        writer.u64(inode)
        writer.u64(size)
        writer.u64(blocks)
        writer.u64(0)
        for time in [accessTime, birthTime ?? .zero, changeTime, modificationTime] {
            writer.u64(UInt64(bitPattern: time.seconds))
            writer.u32(time.nanoseconds)
            writer.u32(0)
        }
        writer.u32(device.major)
        writer.u32(device.minor)
        writer.zeros(256 - 136)
    }
}

extension NodeAttributes {
    /// Of a regular file that belongs to the user and the group of this process.
    ///
    /// - Parameters:
    ///   - node: also the inode's number.
    ///   - size: in bytes.
    ///   - permissions: the low 12 bits of `st_mode`.
    ///   - time: of the last access, change and modification.
    public static func file(
        _ node: NodeID, size: Int, permissions: UInt32 = 0o644, time: Timestamp = .zero
    ) -> NodeAttributes {
        own(node, S_IFREG | permissions & 0o7777, size: UInt64(max(0, size)), linkCount: 1, time)
    }

    /// The same of a directory.
    public static func directory(
        _ node: NodeID, permissions: UInt32 = 0o755, time: Timestamp = .zero
    ) -> NodeAttributes {
        own(node, S_IFDIR | permissions & 0o7777, size: 0, linkCount: 2, time)
    }

    private static func own(
        _ node: NodeID, _ mode: UInt32, size: UInt64, linkCount: UInt32, _ time: Timestamp
    ) -> NodeAttributes {
        NodeAttributes(
            inode: node.rawValue, size: size, blocks: size / 512 + (size % 512 == 0 ? 0 : 1),
            accessTime: time, modificationTime: time, changeTime: time, mode: mode,
            linkCount: linkCount, userID: geteuid(), groupID: getegid())
    }

    /// Of `st_mode`, as a directory tells it: shifted right by 12.
    var kind: UInt8 { UInt8(truncatingIfNeeded: mode >> 12 & 0xF) }
}
