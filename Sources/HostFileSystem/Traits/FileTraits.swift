internal import CKernelABI
public import LinuxKit
public import SystemPackage

/// The facts about a file that decide whether its reads may bypass the stack (spec 4.3, 6.1).
///
///     let traits = try FileTraits.read(at: "/srv/games/level1.pak")
///     if traits.compressed == .yes { … }
///
/// Facts that the file system cannot tell are ``Fact/unknown``: a STATX_ATTR_* bit counts only if
/// `stx_attributes_mask` has it too.
public struct FileTraits: Sendable, Hashable {
    /// The type of a file (`st_mode`, inode(7)).
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case regular, directory, symbolicLink, fifo, socket, characterDevice, blockDevice, unknown

        /// Reads the type bits of `st_mode`.
        public init(mode: UInt16) {
            self =
                switch mode & 0o170000 {
                case 0o100000: .regular
                case 0o040000: .directory
                case 0o120000: .symbolicLink
                case 0o010000: .fifo
                case 0o140000: .socket
                case 0o020000: .characterDevice
                case 0o060000: .blockDevice
                default: .unknown
                }
        }
    }

    public var kind: Kind
    /// Bytes.
    public var size: UInt64
    /// `st_blocks` in bytes. ZFS updates it seconds after a write.
    public var allocated: UInt64
    /// The device that holds the file.
    public var device: DeviceNumber
    /// The device that a device node stands for; 0:0 for other files.
    public var representedDevice: DeviceNumber
    public var inode: UInt64
    /// The number in /proc/self/mountinfo; nil before Linux 5.8.
    public var mountID: UInt64?

    /// The compress attribute, or an extent that is stored encoded (btrfs, f2fs). The attribute
    /// counts by itself, as FILE_ATTRIBUTE_COMPRESSED does on NTFS: ext4 stores `chattr +c` and
    /// never compresses; btrfs may have found the data not worth it. `.unknown` on ZFS and
    /// squashfs, and on btrfs while data still waits for its write-back.
    public var compressed: Fact
    /// fscrypt's encryption of this file. A volume below may also encrypt, which is the volume's
    /// fact.
    public var encrypted: Fact
    /// A range below the size has no space of its own: there are fewer blocks than the size needs,
    /// or a hole that is not merely ``unwritten``.
    public var sparse: Fact
    /// Space that fallocate(2) reserved and that was never written. SEEK_HOLE calls such a range a
    /// hole and reads return zeros. But it is not sparse: the space exists, like the space behind
    /// the valid data length on NTFS, and direct reads of it work.
    public var unwritten: Fact
    /// The data lies in the inode or shares a block with others, as a resident file on NTFS. Direct
    /// I/O does not reach it.
    public var inlineData: Fact
    /// fs-verity checks every read.
    public var verity: Fact
    /// data=journal for this file: direct I/O silently goes through the cache.
    public var journalsData: Fact
    public var immutable: Fact
    public var appendOnly: Fact
    /// The file is in use as swap space.
    public var swapFile: Fact
    /// The file is mapped straight from persistent memory.
    public var dax: Fact
    public var directIO: DirectIOAlignment

    /// Magic number of the file system (statfs(2)).
    public var fileSystemMagic: UInt64
    /// The file system's name by its magic number. ext2 and ext3 give "ext4" here; the mount table
    /// of ``StorageTopology`` is more precise.
    public var fileSystemName: String
}

extension FileTraits {
    /// Reads the traits of any file at a path, without waiting on pipes or opening devices.
    ///
    /// - Throws: the error of open(2) with O_PATH: ENOENT, EACCES, ELOOP, …
    public static func read(
        at path: FilePath, followingLinks: Bool = true, logicalBlockSize: Int? = nil,
        flushing: Bool = false
    ) throws(Errno) -> FileTraits {
        let place = try SystemCall.open(
            path, followingLinks ? .pathOnly : [.pathOnly, .noFollow])
        return try read(
            of: place.descriptor, logicalBlockSize: logicalBlockSize, flushing: flushing)
    }

    /// Reads the traits of an open file; an O_PATH descriptor will do.
    ///
    /// The position and the flags of the open file description stay unchanged: regular files and
    /// directories are opened a second time for the questions that need it.
    /// - Parameters:
    ///   - descriptor: of any kind.
    ///   - swaps: the swap areas; read from /proc/swaps if nil.
    ///   - logicalBlockSize: of the disk below, bytes, for file systems that do not report their
    ///     direct-I/O alignment.
    ///   - flushing: write dirty pages back first, so that btrfs has decided which extents it
    ///     compresses. Takes as long as fsync(2).
    /// - Throws: the error of statx(2) or fstatfs(2). A question that the file system refuses makes
    ///   its fact `.unknown` and is no error.
    public static func read(
        of descriptor: FileDescriptor, swaps: SwapTable? = nil, logicalBlockSize: Int? = nil,
        flushing: Bool = false
    ) throws(Errno) -> FileTraits {
        let status = try SystemCall.status(of: descriptor)
        let volume = try SystemCall.fileSystemStatus(of: descriptor)
        let inquiry = FileInquiry(
            of: descriptor, status: status, magic: volume.magic, flushing: flushing)
        let swaps = swaps ?? (try? SwapTable())
        return FileTraits(
            kind: inquiry.kind, size: status.size, allocated: status.blocks &* 512,
            device: status.device, representedDevice: status.representedDevice,
            inode: status.inode, mountID: status.mountID,
            compressed: inquiry.compressed, encrypted: inquiry.encrypted,
            sparse: inquiry.sparse, unwritten: inquiry.unwritten,
            inlineData: inquiry.inlineData, verity: inquiry.verity,
            journalsData: inquiry.flag(.journalsData), immutable: inquiry.immutable,
            appendOnly: inquiry.appendOnly, swapFile: swaps?.contains(status) ?? .unknown,
            dax: inquiry.dax, directIO: inquiry.directIO(logicalBlockSize: logicalBlockSize),
            fileSystemMagic: volume.magic,
            fileSystemName: FileSystemMagic.name(of: volume.magic)
                ?? "0x" + String(volume.magic, radix: 16))
    }
}

/// STATX_ATTR_* bits (statx(2)).
struct StatusAttributes: OptionSet, Sendable, Hashable {
    var rawValue: UInt64

    static let compressed = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_COMPRESSED))
    static let immutable = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_IMMUTABLE))
    static let appendOnly = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_APPEND))
    static let encrypted = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_ENCRYPTED))
    static let mountRoot = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_MOUNT_ROOT))
    static let verity = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_VERITY))
    static let dax = StatusAttributes(rawValue: UInt64(BPIO_STATX_ATTR_DAX))
}
