internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#endif

/// A volume as FUSE sees it: every request of the kernel becomes a request through the I/O manager,
/// on behalf of whoever made it, so that filters see all of it.
///
/// Permissions are the kernel's (default_permissions); nothing is checked here again. Any thread,
/// several at once.
final class VolumeFileSystem: FileSystem {
    let volume: IOStack.Volume
    let nodes: NodeTable
    let handles = HandleTable()
    let trust: KernelTrust
    let habits = ListingHabits()
    let leavesAccessTime: Bool
    /// nil: no program gets it but by asking.
    let kernelRoute: KernelRoute?
    /// Beside root, who may administer the volume: who mounted it.
    private let owner: UInt32

    /// Throws what opening the volume's root answers.
    init(_ volume: IOStack.Volume, _ options: VolumeMountOptions) throws(IOFailure) {
        let root = HeldFile(
            try volume.open(CreateParameters(path: "", access: [], options: .attributesOnly)))
        self.volume = volume
        nodes = NodeTable(
            root: root, try root.file.status(),
            openDirectories: max(1, options.maximumOpenDirectories))
        trust = KernelTrust(volume, options)
        leavesAccessTime = options.noAccessTime || options.mount.noAccessTime
        kernelRoute =
            options.grantsKernelReads
            ? KernelRoute(
                smallestFile: options.smallestKernelFile, leavesAccessTimes: leavesAccessTime)
            : nil
        owner = geteuid()
    }

    /// Without atomic truncation: with it the kernel sends O_TRUNC before it finds that the file is a
    /// running program, which would be cut under its feet instead of ETXTBSY.
    ///
    /// fcntl and flock locks stay with the kernel, which knows all processes that use the mount.
    var features: InitFlags {
        var features: InitFlags = [
            .dontMask, .directoryControls, .automaticInvalidation,
            .readDirectoryPlus, .readDirectoryPlusAutomatic, .posixACL, .handleKillPrivileges,
            .cacheSymbolicLinks,
        ]
        if kernelRoute != nil { features.insert(.passthrough) }
        return features
    }

    func forget(node: UInt64, count: UInt64) {
        nodes.forget(node, count: count)
    }

    /// Closes what the kernel left open; after the session has ended.
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

    func attributes(_ information: FileInformation) -> NodeAttributes {
        NodeAttributes(information, inode: inode(of: information.id))
    }

    /// st_ino: the host's own, made different for files of other file systems that are mounted in
    /// the volume, since the mount has one device number for all.
    func inode(of id: FileID) -> UInt64 {
        guard id.device != nodes.root.id.device else { return id.inode }
        return id.inode ^ (id.device &* 0x9E37_79B9_7F4A_7C15) << 16 | 1 << 63
    }

    /// - Parameter mark: taken before `information` was.
    func entry(
        _ node: Node, _ information: FileInformation, since mark: KernelTrust.Mark
    ) -> NodeEntry {
        let validities = trust.validities(of: information, since: mark)
        return NodeEntry(
            node: node.number, attributes: attributes(information), nameValidity: validities.name,
            attributesValidity: validities.attributes)
    }
}

extension Errno {
    init(_ failure: IOFailure) {
        self.init(rawValue: failure.errno)
    }
}
