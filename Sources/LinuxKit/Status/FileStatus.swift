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
