internal import FUSE
internal import IOStack
internal import SystemPackage

/// LOOKUP of a file of which the kernel has only the number, for file handles:
/// open_by_handle_at(2), NFS.
extension VolumeFileSystem {
    func lookupSelf(_ context: RequestContext, _ reply: consuming EntryReply) {
        answer(reply) { () throws(IOFailure) in
            let requestor = requestor(context)
            if let node = try? nodes.node(context.node) {
                return try status(of: node, requestor)
            }
            guard let id = nodes.identity(of: context.node) else { throw .staleNode }
            var parameters = CreateParameters(
                path: "", access: [], options: [.attributesOnly, .noFollow])
            parameters.fileID = id
            return try status(of: parameters, requestor)
        }
    }

    /// The kernel looks up the parent of a directory that it has, to connect it to the tree.
    func lookupParent(_ context: RequestContext, _ reply: consuming EntryReply) {
        answer(reply) { () throws(IOFailure) in
            let requestor = requestor(context)
            let node = try nodes.node(context.node)
            guard node !== nodes.root, node.isDirectory else { throw .staleNode }
            return try withFile(of: node, requestor) { directory throws(IOFailure) in
                try status(
                    of: CreateParameters(
                        path: "..", directory: directory, access: [], kind: .directory,
                        options: .attributesOnly),
                    requestor)
            }
        }
    }

    private func status(
        of parameters: CreateParameters, _ requestor: Requestor
    ) throws(IOFailure) -> FileInformation {
        let opened = HeldFile(try volume.open(parameters, requestor: requestor))
        return try opened.file.status(requestor: requestor)
    }

    private func answer(
        _ reply: consuming EntryReply, _ find: () throws(IOFailure) -> FileInformation
    ) {
        let mark = trust.mark()
        do throws(IOFailure) {
            let information = try find()
            let node = nodes.found(numbered: information)
            let wasTaken = reply.succeed(entry(node, information, since: mark))
            if !wasTaken { nodes.forget(node.number, count: 1) }
        } catch {
            reply.fail(error)
        }
    }
}
