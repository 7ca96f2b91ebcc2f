internal import Glibc

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
