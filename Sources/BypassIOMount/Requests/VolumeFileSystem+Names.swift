internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import SystemPackage

/// Requests that make, move and remove names.
extension VolumeFileSystem {
    func makeNode(_ request: borrowing MakeRequest, _ reply: consuming EntryReply) {
        let isFile = request.mode & 0o170000 == 0o100000 || request.mode & 0o170000 == 0
        make(
            [UInt8](copying: request.name), request.context, reply,
            kind: isFile ? .regularFile : .special(device: request.device.host),
            mode: request.mode, umask: request.umask)
    }

    func makeDirectory(_ request: borrowing MakeRequest, _ reply: consuming EntryReply) {
        make(
            [UInt8](copying: request.name), request.context, reply, kind: .directory,
            mode: request.mode & 0o7777, umask: request.umask)
    }

    func symbolicLink(_ request: borrowing SymbolicLinkRequest, _ reply: consuming EntryReply) {
        make(
            [UInt8](copying: request.name), request.context, reply,
            kind: .symbolicLink(target: [UInt8](copying: request.target)), mode: 0o777, umask: 0)
    }

    private func make(
        _ name: [UInt8], _ context: RequestContext, _ reply: consuming EntryReply,
        kind: CreateParameters.Kind, mode: UInt32, umask: UInt32
    ) {
        let requestor = requestor(context)
        let begun = begun.take(context)
        let mark = trust.mark()
        do throws(IOFailure) {
            let parent = try nodes.node(context.node)
            let component = try FilePath.Component(name: name)
            let information = try withFile(of: parent, requestor) { directory throws(IOFailure) in
                if let made = made(component, kind, in: directory, begun, requestor) {
                    return made
                }
                let made = HeldFile(
                    try volume.open(
                        CreateParameters(
                            path: FilePath(root: nil, components: component),
                            directory: directory, access: [], disposition: .create, kind: kind,
                            options: [.attributesOnly, .noFollow], mode: mode, umask: umask),
                        requestor: requestor))
                return try made.file.status(requestor: requestor)
            }
            let node = nodes.found(information, name, in: parent)
            let wasTaken = reply.succeed(entry(node, information, since: mark))
            if !wasTaken { nodes.forget(node.number, count: 1) }
        } catch {
            mayHaveChanged(name, in: context.node)
            reply.fail(error)
        }
    }

    func link(_ request: borrowing LinkRequest, _ reply: consuming EntryReply) {
        let name = [UInt8](copying: request.name)
        let context = request.context
        let requestor = requestor(context)
        let begun = begun.take(context)
        let mark = trust.mark()
        do throws(IOFailure) {
            let existing = try nodes.node(request.existingNode)
            let parent = try nodes.node(context.node)
            let component = try FilePath.Component(name: name)
            var once = Once()
            let information = try withFile(of: existing, requestor) { file throws(IOFailure) in
                once.begin()
                try once { () throws(IOFailure) in
                    try withFile(of: parent, requestor) { directory throws(IOFailure) in
                        if isLinked(component, to: file, in: directory, begun, requestor) {
                            return
                        }
                        try file.apply(.link(component, in: directory), requestor: requestor)
                    }
                }
                return try file.status(requestor: requestor)
            }
            let node = nodes.found(information, name, in: parent)
            let wasTaken = reply.succeed(entry(node, information, since: mark))
            if !wasTaken { nodes.forget(node.number, count: 1) }
        } catch {
            mayHaveChanged(name, in: context.node)
            notices.forgetAttributes(of: request.existingNode)
            reply.fail(error)
        }
    }

    // MARK: Names that go

    func unlink(_ request: borrowing NameRequest, _ reply: consuming EmptyReply) {
        remove([UInt8](copying: request.name), request.context, reply, isDirectory: false)
    }

    func removeDirectory(_ request: borrowing NameRequest, _ reply: consuming EmptyReply) {
        remove([UInt8](copying: request.name), request.context, reply, isDirectory: true)
    }

    private func remove(
        _ name: [UInt8], _ context: RequestContext, _ reply: consuming EmptyReply,
        isDirectory: Bool
    ) {
        let requestor = requestor(context)
        do throws(IOFailure) {
            let parent = try nodes.node(context.node)
            let component = try FilePath.Component(name: name)
            let begun = begun.take(context)
            if try isRemoved(name, component, in: parent, begun, requestor) {
                return reply.succeed()
            }
            let victim = try victim(name, component, in: parent, requestor, noting: context)
            try withFile(of: parent, requestor) { directory throws(IOFailure) in
                try directory.apply(
                    .unlink(component, directory: isDirectory), requestor: requestor)
            }
            if let victim { nodes.lost(victim.node, name, in: parent, held: victim.held) }
            reply.succeed()
        } catch {
            mayHaveChanged(name, in: context.node)
            reply.fail(error)
        }
    }

    /// A node that is about to lose its known name, with its file, which replaces the name
    /// afterwards: the kernel may still have it open.
    private func victim(
        _ name: [UInt8], _ component: FilePath.Component, in parent: Node, _ requestor: Requestor,
        noting context: RequestContext? = nil
    ) throws(IOFailure) -> (node: Node, held: HeldFile)? {
        let held: HeldFile
        do throws(IOFailure) {
            held = try withFile(of: parent, requestor) { directory throws(IOFailure) in
                HeldFile(
                    try volume.open(
                        CreateParameters(
                            path: FilePath(root: nil, components: component),
                            directory: directory, access: [],
                            options: [.attributesOnly, .noFollow]),
                        requestor: requestor))
            }
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return nil
        }
        if let context { note(FileID.words(held.file.stream.id), for: context) }
        return nodes.known(held.file.stream, by: name, in: parent).map { ($0, held) }
    }

    // MARK: Renames

    func rename(_ request: borrowing RenameRequest, _ reply: consuming EmptyReply) {
        let names = (
            old: [UInt8](copying: request.name), new: [UInt8](copying: request.newName)
        )
        let requestor = requestor(request.context)
        do throws(IOFailure) {
            let flags = FileChange.RenameFlags(rawValue: request.flags)
            let known: FileChange.RenameFlags = [.noReplace, .exchange, .whiteout]
            guard flags.subtracting(known).isEmpty else { throw IOFailure(.invalidParameter) }
            let old = try nodes.node(request.context.node)
            let new = try nodes.node(request.newDirectory)
            let places = (
                old: try Place(names.old, in: old), new: try Place(names.new, in: new)
            )
            let begun = begun.take(request.context)
            if try isRenamed(places.old, places.new, flags, begun, requestor) {
                return reply.succeed()
            }
            try noteRename(places.old, places.new, request.context, requestor)
            try rename(names.old, in: old, to: names.new, in: new, flags, requestor)
            reply.succeed()
        } catch {
            mayHaveChanged(names.old, in: request.context.node)
            mayHaveChanged(names.new, in: request.newDirectory)
            reply.fail(error)
        }
    }

    private func rename(
        _ name: [UInt8], in old: Node, to newName: [UInt8], in new: Node,
        _ flags: FileChange.RenameFlags, _ requestor: Requestor
    ) throws(IOFailure) {
        let component = try FilePath.Component(name: name)
        let newComponent = try FilePath.Component(name: newName)
        let moved = try known(component, in: old, requestor)
        let isExchange = flags.contains(.exchange)
        let exchanged = isExchange ? try known(newComponent, in: new, requestor) : nil
        let replaced =
            isExchange || flags.contains(.noReplace)
            ? nil : try victim(newName, newComponent, in: new, requestor)
        defer { withExtendedLifetime(replaced?.held) {} }
        var failure: IOFailure?
        do throws(IOFailure) {
            try withFile(of: old, requestor) { from throws(IOFailure) in
                try withFile(of: new, requestor) { to throws(IOFailure) in
                    try from.apply(
                        .rename(from: component, to: newComponent, in: to, flags),
                        requestor: requestor)
                }
            }
        } catch {
            // A filter may have failed it after it was done.
            guard let moved, (try? known(newComponent, in: new, requestor)) === moved else {
                throw error
            }
            failure = error
        }
        // For two names of one file rename(2) does nothing.
        if let replaced, replaced.node !== moved {
            nodes.lost(replaced.node, newName, in: new, held: replaced.held)
        }
        if let moved, replaced?.node !== moved { nodes.renamed(moved, to: newName, in: new) }
        if let exchanged { nodes.renamed(exchanged, to: name, in: old) }
        if let failure { throw failure }
    }

    /// The node behind a name; nil if the kernel does not know it, or there is no such name.
    ///
    /// Throws if the name cannot be looked at: a node that is renamed unnoticed would stay at its
    /// old name, where every later request about it fails with ESTALE.
    private func known(
        _ component: FilePath.Component, in parent: Node, _ requestor: Requestor
    ) throws(IOFailure) -> Node? {
        try look(at: component, in: parent, requestor).flatMap { nodes.known($0) }
    }
}
