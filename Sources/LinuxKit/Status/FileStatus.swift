internal import CKernelABI
internal import Glibc

/// The result of statx(2) in Swift types.
public struct FileStatus: Sendable, Hashable {
    /// A point in time: seconds since 1970 and nanoseconds 0..<1_000_000_000.
    public struct Time: Sendable, Hashable {
        public var seconds: Int64
        public var nanoseconds: UInt32

        public init(seconds: Int64, nanoseconds: UInt32) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    /// STATX_* bits of the fields that the kernel filled (`stx_mask`).
    public var filled: UInt32
    /// Preferred size of I/O, bytes.
    public var blockSize: UInt32
    /// STATX_ATTR_* bits that are set. A bit counts only if ``knownAttributes`` has it too.
    public var attributes: UInt64
    /// STATX_ATTR_* bits that this file system reports.
    public var knownAttributes: UInt64
    public var linkCount: UInt32
    public var user: UInt32
    public var group: UInt32
    /// File type and permissions, as in `st_mode`.
    public var mode: UInt16
    public var inode: UInt64
    /// Bytes.
    public var size: UInt64
    /// Allocated space in units of 512 bytes, whatever the file system's block size.
    public var blocks: UInt64
    public var accessed: Time
    /// nil if the file system does not record it.
    public var created: Time?
    public var changed: Time
    public var modified: Time
    /// The device that a device node stands for.
    public var representedDevice: DeviceNumber
    /// The device that holds the file; major 0 for file systems without one block device.
    public var device: DeviceNumber
    /// The mount's number as in the first column of /proc/self/mountinfo (Linux 5.8).
    public var mountID: UInt64?
    /// Memory and offset alignment of direct I/O in bytes; both 0 means no direct I/O; nil if the
    /// file system does not report it (Linux 6.1).
    public var directIO: DirectIOFields?
    /// btrfs and bcachefs subvolume (Linux 6.10).
    public var subvolume: UInt64?

    package var isDirectory: Bool { UInt32(mode) & S_IFMT == S_IFDIR }
    package var isRegularFile: Bool { UInt32(mode) & S_IFMT == S_IFREG }
    /// Something is mounted there (Linux 5.8).
    package var isMountRoot: Bool { attributes & UInt64(BPIO_STATX_ATTR_MOUNT_ROOT) != 0 }

    /// The direct-I/O fields of statx(2), bytes.
    public struct DirectIOFields: Sendable, Hashable {
        public var memory: UInt32
        public var offset: UInt32
        /// The alignment for reads, if it is smaller (Linux 6.14, XFS); nil if not reported.
        public var readOffset: UInt32?
    }

    init(_ raw: bpio_statx) {
        filled = raw.stx_mask
        blockSize = raw.stx_blksize
        attributes = raw.stx_attributes
        knownAttributes = raw.stx_attributes_mask
        linkCount = raw.stx_nlink
        user = raw.stx_uid
        group = raw.stx_gid
        mode = raw.stx_mode
        inode = raw.stx_ino
        size = raw.stx_size
        blocks = raw.stx_blocks
        accessed = Time(raw.stx_atime)
        created = raw.stx_mask & BPIO_STATX_BTIME != 0 ? Time(raw.stx_btime) : nil
        changed = Time(raw.stx_ctime)
        modified = Time(raw.stx_mtime)
        representedDevice = DeviceNumber(major: raw.stx_rdev_major, minor: raw.stx_rdev_minor)
        device = DeviceNumber(major: raw.stx_dev_major, minor: raw.stx_dev_minor)
        mountID = raw.stx_mask & BPIO_STATX_MNT_ID != 0 ? raw.stx_mnt_id : nil
        subvolume = raw.stx_mask & BPIO_STATX_SUBVOL != 0 ? raw.stx_subvol : nil
        guard raw.stx_mask & BPIO_STATX_DIOALIGN != 0 else {
            directIO = nil
            return
        }
        let readKnown = raw.stx_mask & BPIO_STATX_DIO_READ_ALIGN != 0
        let read = readKnown && raw.stx_dio_read_offset_align != 0
        directIO = DirectIOFields(
            memory: raw.stx_dio_mem_align, offset: raw.stx_dio_offset_align,
            readOffset: read ? raw.stx_dio_read_offset_align : nil)
    }
}

extension FileStatus.Time {
    init(_ raw: bpio_statx_timestamp) {
        self.init(seconds: raw.tv_sec, nanoseconds: raw.tv_nsec)
    }
}

/// A device by the kernel's numbers.
public struct DeviceNumber: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var major: UInt32
    public var minor: UInt32

    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Reads "259:3", the form of sysfs and /proc/self/mountinfo; nil for anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]) else {
            return nil
        }
        self.init(major: major, minor: minor)
    }

    /// Major 0 belongs to file systems that sit on no block device, or on several.
    public var isAnonymous: Bool { major == 0 }

    public var description: String { "\(major):\(minor)" }

    public static func < (left: DeviceNumber, right: DeviceNumber) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

extension DeviceNumber {
    /// The encoding of `dev_t` in Linux' C library (makedev(3)).
    package var encoded: UInt64 {
        let (major, minor) = (UInt64(major), UInt64(minor))
        return (major & ~0xFFF) << 32 | (major & 0xFFF) << 8
            | (minor & ~0xFF) << 12 | (minor & 0xFF)
    }

    package init(encoded: UInt64) {
        self.init(
            major: UInt32(truncatingIfNeeded: (encoded >> 32 & ~0xFFF) | (encoded >> 8 & 0xFFF)),
            minor: UInt32(truncatingIfNeeded: (encoded >> 12 & ~0xFF) | (encoded & 0xFF)))
    }
}

/// The result of statfs(2). Counts are in the units named beside them.
public struct FileSystemStatus: Sendable, Hashable {
    /// The magic number of the file system's type, 32 bits.
    public var magic: UInt64
    /// Preferred size of a transfer, bytes.
    public var blockSize: UInt64
    /// Unit of the block counts, bytes.
    public var fragmentSize: UInt64
    /// In units of ``fragmentSize``.
    public var blocks: UInt64
    public var freeBlocks: UInt64
    /// Blocks that an unprivileged user may still take.
    public var availableBlocks: UInt64
    public var files: UInt64
    public var freeFiles: UInt64
    /// Longest file name, bytes.
    public var nameLength: UInt64
    /// ST_* flags of the mount.
    public var flags: UInt64

    init(_ raw: bpio_statfs) {
        magic = raw.type
        blockSize = raw.block_size
        fragmentSize = raw.fragment_size == 0 ? raw.block_size : raw.fragment_size
        blocks = raw.blocks
        freeBlocks = raw.blocks_free
        availableBlocks = raw.blocks_available
        files = raw.files
        freeFiles = raw.files_free
        nameLength = raw.name_length
        flags = raw.flags
    }
}

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
