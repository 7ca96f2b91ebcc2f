public import IOStack
package import LinuxKit
import Synchronization
public import SystemPackage

/// A directory tree of the running Linux machine as the file system at the bottom of a filter
/// stack.
///
/// Every name is looked up beneath the root (openat2(2) with RESOLVE_BENEATH and
/// RESOLVE_NO_MAGICLINKS). Neither "..", nor an absolute path, nor a symbolic link, nor a rename at
/// the wrong moment leads out of it. Such a lookup fails with `EXDEV`, a magic link with `ELOOP`.
///
/// All work is done with the rights of this process, for every requestor, and its umask
/// applies to new files. If it is root, it makes a user's files as that user, with the user's quota
/// and share of the space; the calling thread then lacks CAP_SYS_RESOURCE until it changes
/// something as root. The sender of the request must check whether the user may do it, as the
/// kernel does for a mount with `default_permissions`. Errors of the host are passed on unchanged.
/// Needs Linux 5.6 and a mounted /proc. Any thread, several at once.
public final class HostFileSystem: FileSystemDriver {
    /// The type in the mount table, such as "ext4" or "fuse.sshfs".
    public let name: String
    /// The root's path when it was opened; it is not looked up again.
    public let directory: FilePath
    /// The layers below the root's files.
    public let topology: StorageTopology

    /// Files that ``whileMoving(_:_:)`` moves. Lock order: before a stream's `control`.
    let filesBeingMoved = Guarded<[FileID: Int]>([:])

    /// nil: the kernel's reads go on if this process dies.
    let guardian: GuardianLink?
    /// Where the kernel's reads are written down for a successor; nil: nowhere.
    let recovery: RecoveryTable?

    /// Made for the first file that the kernel may read by itself. No lock is taken under its lock.
    let readGates = Guarded<KernelReadGates?>(nil)

    /// Whether other file systems that are mounted in the tree judge by the requestor, by device
    /// number. No lock is taken under its lock.
    let judgingDevices = Guarded<[UInt64: Bool]>([:])
    /// The same for the root's file system.
    let rootJudgesCallers: Bool

    /// nil if every open needs its own description.
    let descriptions: SharedDescriptions?

    let mountWatchers = MountWatchers()
    let swapSpace = SwapSpace()
    let rootDescriptor: OwnedDescriptor
    /// /proc/self/fd: the way from a descriptor to another open of its file.
    private let ownLinksDescriptor: OwnedDescriptor
    /// The root's identity, for telling the volume handle from other directories.
    let rootID: FileID
    let rootMountID: UInt64?
    /// nil if files are found only by name.
    let numberedFiles: NumberedFiles?
    /// data=journal on the whole mount: direct I/O goes through the cache.
    let journalsAllData: Bool

    /// Opens the root and finds the layers below it.
    ///
    /// A symbolic link is followed.
    ///
    /// - Throws: the error of opening the directory (`ENOENT`, `ENOTDIR`, `EACCES`, …), or of
    ///   reading the mount table.
    public convenience init(root directory: FilePath) throws(Errno) {
        try self.init(root: directory, discovery: try StorageDiscovery())
    }

    /// As ``init(root:)``, with a mount table that was read before.
    ///
    /// The guardian holds the gates of the kernel's reads if this process dies.
    public convenience init(
        root directory: FilePath, discovery: StorageDiscovery, guardian: GuardianLink? = nil
    ) throws(Errno) {
        try self.init(
            root: directory, discovery: discovery, guardian: guardian, recovery: nil)
    }

    /// As the other; what a successor must know of the kernel's reads is written down.
    package init(
        root directory: FilePath, discovery: StorageDiscovery, guardian: GuardianLink?,
        recovery: RecoveryTable?
    ) throws(Errno) {
        self.guardian = guardian
        self.recovery = recovery
        let root = try SystemCall.open(directory, [.pathOnly, .directory])
        let status = try SystemCall.status(of: root.descriptor)
        topology = try discovery.topology(of: root.descriptor)
        name = topology.fileSystem
        self.directory = directory
        rootID = FileID(status)
        rootMountID = status.mountID
        journalsAllData =
            topology.mount?.superOptionValues("data").contains(Array("journal".utf8)) ?? false
        let magic = try SystemCall.fileSystemStatus(of: root.descriptor).magic
        rootJudgesCallers =
            !FileSystemMagic.elsewhere.contains(magic) && SystemCall.canActForOthers
        descriptions = FileSystemMagic.alike.contains(magic) ? SharedDescriptions() : nil
        numberedFiles = NumberedFiles(root: root.descriptor, id: rootID)
        ownLinksDescriptor = try SystemCall.openOwnLinks()
        rootDescriptor = root
    }

    var root: FileDescriptor { rootDescriptor.descriptor }
    var ownLinks: FileDescriptor { ownLinksDescriptor.descriptor }

    // MARK: The end of an open

    public func cleanup(_ file: FileObject) {
        guard let open = file.context as? HostOpenFile else { return }
        open.isCleanedUp.store(true, ordering: .releasing)
        dropLocks(of: open)
    }

    public func close(_ file: FileObject) {
        (file.context as? HostOpenFile)?.close()
    }

    // MARK: File objects of ours

    /// The open behind a file object; `EBADF` for a file object of another file system.
    func openFile(_ file: FileObject) throws(IOFailure) -> HostOpenFile {
        guard let open = file.context as? HostOpenFile, file.volume.fileSystem === self else {
            throw IOFailure(errno: .badFileDescriptor)
        }
        return open
    }

    /// As ``openFile(_:)``, for directories; `ENOTDIR` for other files.
    func openDirectory(_ file: FileObject) throws(IOFailure) -> HostOpenFile {
        let open = try openFile(file)
        guard open.kind == .directory else { throw IOFailure(errno: .notDirectory) }
        return open
    }
}

extension FileID {
    package init(_ status: FileStatus) {
        self.init(device: status.device.encoded, inode: status.inode)
    }
}

/// IRP_MJ_FLUSH_BUFFERS and IRP_MJ_QUERY_VOLUME_INFORMATION.
extension HostFileSystem {
    /// fsync(2) or fdatasync(2); `EBADF` for a handle without data.
    public func flush(_ file: FileObject, dataOnly: Bool) throws(IOFailure) {
        // btrfs takes data out of the inode at the write-back.
        defer { if file.stream.suspensions.contains(.resident) { reviewSuspensions(of: file) } }
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            if dataOnly {
                try SystemCall.syncData(descriptor)
            } else {
                try SystemCall.sync(descriptor)
            }
        }
    }

    /// In units of its fragment size.
    public func volumeInformation(of file: FileObject) throws(IOFailure) -> VolumeInformation {
        try openFile(file).withDescriptor { (descriptor) throws(Errno) in
            let status = try SystemCall.fileSystemStatus(of: descriptor)
            return VolumeInformation(
                blockSize: status.fragmentSize, totalBlocks: status.blocks,
                freeBlocks: status.freeBlocks, availableBlocks: status.availableBlocks,
                totalFiles: status.files, freeFiles: status.freeFiles,
                maximumNameLength: UInt32(clamping: status.nameLength),
                hasMadeUpSizes: FileSystemMagic.hasMadeUpSizes(status.magic))
        }
    }
}
