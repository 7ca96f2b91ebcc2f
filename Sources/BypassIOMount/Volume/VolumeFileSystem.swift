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

    // MARK: Files of nodes

    /// Lends the file object of a node, opening it by its name if need be. A directory stays open
    /// for later.
    func withFile<R>(
        of node: Node, _ requestor: Requestor, byNameOnly: Bool = false,
        _ body: (FileObject) throws(IOFailure) -> R
    ) throws(IOFailure) -> R {
        switch try nodes.place(of: node, byNameOnly: byNameOnly) {
        case .held(let held): return try body(held.file)
        case .open(let file):
            do throws(IOFailure) {
                return try body(file)
            } catch {
                // It was closed meanwhile.
                guard error.status == .fileClosed else { throw error }
                return try withFile(of: node, requestor, byNameOnly: true, body)
            }
        case .named(let name, in: let parent):
            let held = HeldFile(
                try open(node, name, in: parent, requestor) { parameters in
                    parameters.access = []
                    parameters.options.insert(.attributesOnly)
                })
            if node.isDirectory { nodes.keep(held, of: node) }
            return try body(held.file)
        }
    }

    /// Opens a node's file, whatever the way; `configure` says how.
    func openFile(
        of node: Node, _ requestor: Requestor, configure: (inout CreateParameters) -> Void
    ) throws(IOFailure) -> FileObject {
        switch try nodes.place(of: node, byNameOnly: true) {
        case .held(let held):
            var parameters = CreateParameters(path: "", directory: held.file)
            configure(&parameters)
            let file = try volume.open(parameters, requestor: requestor)
            withExtendedLifetime(held) {}
            return file
        case .named(let name, in: let parent):
            return try open(node, name, in: parent, requestor, configure)
        case .open:
            throw .staleNode
        }
    }

    private func open(
        _ node: Node, _ name: [UInt8], in parent: Node, _ requestor: Requestor,
        _ configure: (inout CreateParameters) -> Void
    ) throws(IOFailure) -> FileObject {
        let file = try withFile(of: parent, requestor) { directory throws(IOFailure) in
            var parameters = CreateParameters(
                path: FilePath(bytes: name), directory: directory, options: .noFollow)
            configure(&parameters)
            do throws(IOFailure) {
                return try volume.open(parameters, requestor: requestor)
            } catch {
                throw error.ofKnownName
            }
        }
        guard node.isOf(file.stream.id, born: file.stream.birthTime) else {
            // Another file has the name now.
            file.close()
            throw .staleNode
        }
        return file
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
