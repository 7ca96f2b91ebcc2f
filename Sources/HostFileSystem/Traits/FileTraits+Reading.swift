internal import LinuxKit
public import SystemPackage

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
