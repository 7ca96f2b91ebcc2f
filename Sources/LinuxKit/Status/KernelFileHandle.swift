/// How the kernel names a file of a file system for good (name_to_handle_at(2)).
package struct KernelFileHandle: Sendable, Hashable {
    /// `FILEID_*` (exportfs.h).
    package var type: Int32
    package var bytes: [UInt8]

    package init(type: Int32, bytes: [UInt8]) {
        self.type = type
        self.bytes = bytes
    }

    /// The inode number within it; nil for a kind that is not known here.
    ///
    /// A handle is the file system's own affair; this is what ext4 and xfs put in. Who relies on it
    /// compares one of a file that it knows first.
    package var inode: UInt64? {
        switch type {
        // FILEID_INO32_GEN: number, generation; with 12 bytes it is another file system's.
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
