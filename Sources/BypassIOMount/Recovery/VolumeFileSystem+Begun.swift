internal import BypassIOProtocol
internal import FUSE
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// Requests that a process that died had begun: whether their effect is there, by what was noted
/// before it and what is there now. Where that cannot be known they fail with EIO
/// (docs/restart.md).
extension VolumeFileSystem {
    /// Notes for a successor what is there before the effect of a request.
    func note(_ before: @autoclosure () -> [UInt64], for context: RequestContext) {
        recovery?.note(before(), for: context.unique.rawValue)
    }

    /// What is behind a name; nil for nothing.
    func look(
        at component: FilePath.Component, in parent: Node, _ requestor: Requestor
    ) throws(IOFailure) -> FileInformation? {
        do throws(IOFailure) {
            return try withFile(of: parent, requestor) { directory throws(IOFailure) in
                try directory.status(of: component, requestor: requestor)
            }
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return nil
        }
    }

    // MARK: Names that are made

    /// The file that the request had made; nil if it had made none.
    func made(
        _ component: FilePath.Component, _ kind: CreateParameters.Kind, in directory: FileObject,
        _ begun: BegunRequest?, _ requestor: Requestor
    ) -> FileInformation? {
        guard let begun,
            let there = try? directory.status(of: component, requestor: requestor),
            begun.made(there), there.kind.isOf(kind)
        else { return nil }
        guard case .symbolicLink(let target) = kind else { return there }
        let parameters = CreateParameters(
            path: FilePath(root: nil, components: component), directory: directory, access: [],
            options: [.attributesOnly, .noFollow])
        guard let link = try? volume.open(parameters, requestor: requestor) else { return nil }
        defer { link.close() }
        return (try? link.linkTarget(requestor: requestor)) == target ? there : nil
    }

    /// Whether the request had made `component` a name of `file`.
    func isLinked(
        _ component: FilePath.Component, to file: FileObject, in directory: FileObject,
        _ begun: BegunRequest?, _ requestor: Requestor
    ) -> Bool {
        guard begun != nil else { return false }
        let there = try? directory.status(of: component, requestor: requestor)
        return there?.id == file.stream.id
    }

    // MARK: Names that go

    /// Whether the request had removed the name; then the node has lost it. Throws `EIO` where
    /// another file has it.
    func isRemoved(
        _ name: [UInt8], _ component: FilePath.Component, in parent: Node,
        _ begun: BegunRequest?, _ requestor: Requestor
    ) throws(IOFailure) -> Bool {
        guard let begun, let id = FileID(begun.before, 0) else { return false }
        guard let there = try look(at: component, in: parent, requestor) else {
            lose(name, of: id, in: parent)
            return true
        }
        guard there.id == id else { throw IOFailure(errno: .ioError) }
        return false
    }

    /// A file without this name, which an open handle may still have.
    private func lose(_ name: [UInt8], of id: FileID, in parent: Node) {
        guard let node = nodes.node(of: id), case .open(let file)? = try? nodes.place(of: node),
            let held = try? volume.open(
                CreateParameters(path: "", directory: file, access: [], options: .attributesOnly))
        else { return }
        nodes.lost(node, name, in: parent, held: HeldFile(held))
    }

    // MARK: Renames

    /// A name in a directory.
    struct Place {
        let name: [UInt8]
        let component: FilePath.Component
        let parent: Node

        init(_ name: [UInt8], in parent: Node) throws(IOFailure) {
            self.name = name
            component = try FilePath.Component(name: name)
            self.parent = parent
        }
    }

    /// Notes which files two names are before a rename.
    func noteRename(
        _ old: Place, _ new: Place, _ context: RequestContext, _ requestor: Requestor
    ) throws(IOFailure) {
        guard recovery != nil else { return }
        let first = try look(at: old.component, in: old.parent, requestor)
        let second = try look(at: new.component, in: new.parent, requestor)
        note(FileID.words(first?.id) + FileID.words(second?.id), for: context)
    }

    /// Whether the request had renamed; then the nodes have their new names. Throws `EIO` where
    /// neither the old nor the new state is there.
    func isRenamed(
        _ old: Place, _ new: Place, _ flags: FileChange.RenameFlags, _ begun: BegunRequest?,
        _ requestor: Requestor
    ) throws(IOFailure) -> Bool {
        guard let begun, let moved = FileID(begun.before, 0) else { return false }
        let other = FileID(begun.before, 2)
        let first = try look(at: old.component, in: old.parent, requestor)
        let second = try look(at: new.component, in: new.parent, requestor)
        // Two names of one file stay.
        if first?.id == moved, second?.id == other { return false }
        let isGone =
            flags.contains(.exchange)
            ? first?.id == other
            : flags.contains(.whiteout) ? first?.kind == .characterDevice : first == nil
        guard second?.id == moved, isGone else { throw IOFailure(errno: .ioError) }
        if let other, other != moved {
            if flags.contains(.exchange) {
                if let node = nodes.node(of: other) {
                    nodes.renamed(node, to: old.name, in: old.parent)
                }
            } else {
                lose(new.name, of: other, in: new.parent)
            }
        }
        if let node = nodes.node(of: moved) { nodes.renamed(node, to: new.name, in: new.parent) }
        return true
    }

    // MARK: Content

    /// How many bytes of an append are there; nil if it is to be done. Notes the size before it.
    /// Throws `EIO` for any other size.
    func appended(
        _ count: Int, to file: FileObject, _ context: RequestContext
    ) throws(IOFailure) -> Int? {
        guard recovery != nil else { return nil }
        let size = try volume.fileSystem.status(of: file).size
        if let begun = begun.take(context), let before = begun.before.first, size != before {
            guard size > before, size - before <= UInt64(count) else {
                throw IOFailure(errno: .ioError)
            }
            return Int(size - before)
        }
        note([size], for: context)
        return nil
    }

    // MARK: Extended attributes

    /// Whether the request had set an attribute that was not to be there.
    func isSet(
        _ name: [UInt8], to value: [UInt8], of file: FileObject, _ begun: BegunRequest?,
        _ requestor: Requestor
    ) -> Bool {
        begun != nil && (try? file.attribute(name, requestor: requestor)) == value
    }

    /// Whether the request had removed an attribute. Notes whether there is one.
    func isUnset(
        _ name: [UInt8], of file: FileObject, _ context: RequestContext, _ requestor: Requestor
    ) -> Bool {
        guard recovery != nil else { return false }
        let isThere = (try? file.attribute(name, requestor: requestor)) != nil
        if let begun = begun.take(context), begun.before.first == 1, !isThere { return true }
        note([isThere ? 1 : 0], for: context)
        return false
    }
}

extension FileID {
    /// nil where none was noted.
    fileprivate init?(_ words: [UInt64], _ place: Int) {
        guard words.count >= place + 2, words[place + 1] != 0 else { return nil }
        self.init(device: words[place], inode: words[place + 1])
    }

    /// Two words; zeros for none.
    static func words(_ id: FileID?) -> [UInt64] { id.map { [$0.device, $0.inode] } ?? [0, 0] }
}

extension FileKind {
    fileprivate func isOf(_ kind: CreateParameters.Kind) -> Bool {
        switch kind {
        case .directory: self == .directory
        case .regularFile: self == .regularFile
        case .symbolicLink: self == .symbolicLink
        case .special: self != .directory && self != .regularFile && self != .symbolicLink
        default: false
        }
    }
}
