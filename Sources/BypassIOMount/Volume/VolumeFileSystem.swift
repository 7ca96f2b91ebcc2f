internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#endif

/// A volume as FUSE sees it: every request of the kernel becomes a request through the I/O manager,
/// on behalf of its requestor, so that filters see all of it.
///
/// The kernel checks permissions (default_permissions); nothing here checks them again. Any thread
/// may call, several at once.
final class VolumeFileSystem: FileSystem {
    let volume: IOStack.Volume
    let nodes: NodeTable
    let handles: HandleTable
    /// What is written down for a successor; nil: nothing.
    let recovery: RecoveryTable?
    /// What the process that died had begun and not answered.
    let begun: BegunRequests
    let shares: DescriptorShares
    let trust: KernelTrust
    let habits = ListingHabits()
    let notices = KernelNotices()
    let times = RequestTimes()
    let closedReaders = ClosedReaders()
    /// Set once the volume is mounted, if it is needed.
    let unwatched = GuardedOnDemand<UnwatchedFiles>()
    private let generation = HandleGeneration()
    /// Relaxed: an open during a change may use either value.
    let accessTimesStay: Atomic<Bool>
    var leavesAccessTime: Bool { accessTimesStay.load(ordering: .relaxed) }
    let pausers: StreamPausers
    /// nil: programs get kernel reads only if they ask.
    let kernelRoute: KernelRoute?
    /// What came from another process, until this one serves.
    let adoptedReads = Guarded(AdoptedReads())
    /// The bytes of the control interface's path.
    let controlPlace = Guarded<[UInt8]?>(nil)
    /// Whether all files of the volume itself are like those of /proc.
    private let hasMadeUpSizes: Bool
    /// The permissions at the time of the mount.
    let rootPermissions: UInt16
    /// The user that mounted, who may administer the volume beside root.
    private let owner: UInt32

    /// Throws the failure to open the volume's root.
    init(_ volume: IOStack.Volume, _ options: VolumeMountOptions) throws(IOFailure) {
        let root = HeldFile(
            try volume.open(CreateParameters(path: "", access: [], options: .attributesOnly)))
        self.volume = volume
        shares = DescriptorShares(
            limit: DescriptorLimit.current, inUse: DescriptorLimit.inUse,
            threads: max(options.maximumThreads, options.threadLimit),
            openDirectories: options.maximumOpenDirectories, isShared: options.mount.allowOther)
        let status = try root.file.status()
        rootPermissions = UInt16(status.permissions & 0o7777)
        nodes = NodeTable(
            root: root, status, openDirectories: shares.openDirectories,
            limit: options.maximumKnownFiles, recovery: options.recovery)
        handles = HandleTable(options.recovery)
        recovery = options.recovery
        begun = BegunRequests(options.recalled)
        trust = KernelTrust(volume, options)
        let leavesAccessTime = options.noAccessTime || options.mount.noAccessTime
        accessTimesStay = Atomic(leavesAccessTime)
        recovery?.set(.leavesAccessTime, to: leavesAccessTime ? 1 : 0)
        pausers = options.pausers
        kernelRoute =
            options.grantsKernelReads
            ? KernelRoute(smallestFile: options.smallestKernelFile) : nil
        owner = geteuid()
        hasMadeUpSizes = (try? root.file.volumeInformation())?.hasMadeUpSizes ?? false
    }

    /// Without atomic truncation: with it the kernel would send O_TRUNC before it finds that the
    /// file is a running program, and the program would be truncated instead of the open failing
    /// with ETXTBSY.
    ///
    /// The kernel keeps fcntl and flock locks, because it knows all processes that use the mount.
    var features: InitFlags {
        var features: InitFlags = [
            .dontMask, .directoryControls, .automaticInvalidation,
            .readDirectoryPlus, .readDirectoryPlusAutomatic, .posixACL, .handleKillPrivileges,
            .cacheSymbolicLinks,
        ]
        if kernelRoute != nil { features.insert(.passthrough) }
        features.insert(volume.fileSystem.opensByID ? .exportSupport : .noExportSupport)
        return features
    }

    func forget(node: NodeID, count: UInt64) {
        nodes.forget(node, count: count)
    }

    /// Closes the files that the kernel left open. Call after the session has ended.
    func closeAll() {
        for handle in handles.removeAll() { handle.close() }
        nodes.forgetAll()
        nodes.root.held?.file.close()
    }

    // MARK: On whose behalf

    func requestor(_ context: RequestContext) -> Requestor {
        .user(
            context.userID, group: context.groupID, process: context.processID,
            administrator: context.userID == 0 || context.userID == owner)
    }

    // MARK: Answers

    /// Programs take a file without blocks for a hole and do not read it (tar -S). So the file gets
    /// a block if the kernel may hold newer pages of it.
    func attributes(_ information: FileInformation, of node: Node) -> NodeAttributes {
        var attributes = NodeAttributes(information, inode: inode(of: information.id))
        if information.isHoleAlone, node.mayBeMappedForWriting,
            node.wasReadIntoCache.load(ordering: .relaxed)
        {
            attributes.blocks = UInt64(information.preferredIOSize) / 512
        }
        return attributes
    }

    /// Whether reads must ask for data whatever the file's size. The volume's own file system gives
    /// one answer for all files; another file system mounted in the volume is asked at each open.
    func hasMadeUpSize(_ file: FileObject, _ requestor: Requestor) -> Bool {
        guard file.stream.id.device != nodes.root.id.device else { return hasMadeUpSizes }
        return (try? file.volumeInformation(requestor: requestor))?.hasMadeUpSizes ?? false
    }

    /// A failed request may nevertheless have made, moved or removed a name, in part or before a
    /// filter failed it.
    func mayHaveChanged(_ name: [UInt8], in directory: NodeID) {
        notices.forgetAttributes(of: directory)
        notices.forgetName(name, in: directory)
    }

    /// st_ino: the host's number, changed for files of other file systems that are mounted in the
    /// volume, because the mount has a single device number.
    func inode(of id: FileID) -> UInt64 {
        guard id.device != nodes.root.id.device else { return id.inode }
        return id.inode ^ (id.device &* 0x9E37_79B9_7F4A_7C15) << 16 | 1 << 63
    }

    /// - Parameter mark: taken before `information`.
    func entry(
        _ node: Node, _ information: FileInformation, since mark: KernelTrust.Mark
    ) -> NodeEntry {
        if nodes.mustPrune() { pruneNodes() }
        let validities = trust.validities(of: information, since: mark)
        return NodeEntry(
            node: node.number, generation: generation(information),
            attributes: attributes(information, of: node), nameValidity: validities.name,
            attributesValidity: validities.attributes)
    }
}

extension FileInformation {
    /// Whether the file has a size and no blocks.
    var isHoleAlone: Bool { allocatedSize == 0 && size > 0 && kind == .regularFile }
}

extension Reply where Self: ~Copyable {
    consuming func fail(_ failure: IOFailure) { fail(failure.errno) }
}
