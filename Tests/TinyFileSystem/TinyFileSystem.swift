import FUSE
import SystemPackage

/// A directory of four files, or five with a file of the host, for tests of the protocol.
final class TinyFileSystem: FileSystem {
    let state = State()
    let validity: Validity
    let backing: Backing?
    let tellsOfWaits: Bool

    init(validity: Double, backing: Backing? = nil, tellsOfWaits: Bool = false) {
        self.backing = backing
        self.tellsOfWaits = tellsOfWaits
        self.validity = Validity(.seconds(validity))
    }

    var features: InitFlags {
        [.readDirectoryPlus, .posixLocks, .handleKillPrivileges, .automaticInvalidation]
    }

    func attributes(_ file: Tree.File) -> NodeAttributes {
        let size = state.content(file.node)?.count ?? file.size
        let time = Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789)
        return NodeAttributes(
            inode: file.node.rawValue, size: UInt64(size), blocks: UInt64((size + 511) / 512),
            accessTime: time, modificationTime: time, changeTime: time, mode: file.mode,
            linkCount: 1, userID: 0, groupID: 0)
    }

    func entry(_ file: Tree.File) -> NodeEntry {
        NodeEntry(
            node: file.node, attributes: attributes(file), nameValidity: validity,
            attributesValidity: validity)
    }

    // MARK: Nodes

    func lookup(_ request: borrowing NameRequest, _ reply: consuming EntryReply) {
        state.count("lookup")
        let name = request.text
        if name == Tree.backing.name, backing != nil {
            reply.succeed(entry(Tree.backing))
            return
        }
        guard request.context.node == .root, let file = Tree.files.first(where: { $0.name == name })
        else { return reply.fail(.noSuchFileOrDirectory) }
        reply.succeed(entry(file))
    }

    func getAttributes(_ request: GetAttributesRequest, _ reply: consuming AttributesReply) {
        state.count("getattr")
        guard let file = Tree.file(request.context.node) else {
            return reply.fail(.noSuchFileOrDirectory)
        }
        reply.succeed(attributes(file), validFor: validity)
    }

    func setAttributes(_ request: SetAttributesRequest, _ reply: consuming AttributesReply) {
        state.count("setattr")
        guard let file = Tree.file(request.context.node), file.node == Tree.notes.node else {
            return reply.fail(.notPermitted)
        }
        if let size = request.size {
            state.change(file.node) { content in
                content = Array(content.prefix(Int(size)))
                content += [UInt8](repeating: 0, count: Int(size) - content.count)
            }
        }
        reply.succeed(attributes(file), validFor: validity)
    }

    func fileSystemStatus(_ context: RequestContext, _ reply: consuming FileSystemStatusReply) {
        state.count("statfs")
        reply.succeed(
            FileSystemStatus(
                blocks: 1000, freeBlocks: 500, availableBlocks: 400, files: 4, freeFiles: 7,
                blockSize: 4096, maximumNameLength: 255))
    }

    func interrupt(unique: RequestID) {
        state.count("interrupt")
        state.interrupt(unique)
    }
}
