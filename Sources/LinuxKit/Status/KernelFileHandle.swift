/// The kernel's lasting name of a file on a file system (name_to_handle_at(2)).
package struct KernelFileHandle: Sendable, Hashable {
    /// `FILEID_*` (exportfs.h).
    package var type: Int32
    package var bytes: [UInt8]

    package init(type: Int32, bytes: [UInt8]) {
        self.type = type
        self.bytes = bytes
    }

    /// The inode number within it; nil for an unknown kind.
    ///
    /// A handle's content is the file system's own affair; this is what ext4 and xfs put in. A
    /// caller that relies on it first compares the handle of a file that it knows.
    package var inode: UInt64? {
        switch type {
        // FILEID_INO32_GEN: number, generation. With 12 bytes it is another file system's.
        case 1 where bytes.count == 8: littleEndian(4)
        // FILEID_INO64_GEN (xfs): number, generation.
        case 0x81 where bytes.count == 12: littleEndian(8)
        default: nil
        }
    }

    private func littleEndian(_ count: Int) -> UInt64 {
        bytes.prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
