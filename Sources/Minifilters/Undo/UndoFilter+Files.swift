import BypassIOProtocol
import IOStack
import SystemPackage

// Files that are about to be changed for the first time.
extension UndoFilter {
    /// How often names are looked at again that others move meanwhile.
    static let attempts = 16

    /// What is known of a file without asking: nil is nothing, and `.some(nil)` one that the
    /// session made.
    func known(_ id: FileID, _ birth: FileTime?) -> UndoFile?? {
        known.withLock { known -> UndoFile?? in
            if let made = known.fresh[id], made == birth { return .some(nil) }
            if let file = known.files[id], file.birth == birth { return .some(file) }
            return nil
        }
    }

    /// A file that is open, with its old state recorded but for its data; nil for one that the
    /// session made. The caller does not hold `recording`.
    func file(
        of object: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> UndoFile? {
        if let file = known(object.stream.id, object.stream.birthTime) { return file }
        return try recording.withLock { (_) throws(IOFailure) in
            try record(object, instance)
        }
    }

    /// Under `recording`.
    func record(
        _ object: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> UndoFile? {
        if let file = known(object.stream.id, object.stream.birthTime) { return file }
        let found = try status(of: object, instance)
        guard found.kind != .directory else { return try recordDirectory(object, found, instance) }
        for _ in 0..<Self.attempts {
            guard let path = try? object.currentPath() else {
                // It had lost its last name before the session could see it.
                if found.linkCount == 0 {
                    known.withLock { $0.fresh[found.id] = .some(found.birthTime) }
                    return nil
                }
                break
            }
            guard let place = try? self.place(FilePath(path), of: found.id, instance) else {
                continue
            }
            return try record(found, object, at: place, instance)
        }
        // A name that is no text, or that moves: the file itself is held instead.
        let file = try record(found, object, at: nil, instance)
        if found.kind == .regularFile { try hold(file, object, found, instance) }
        return file
    }

    /// Where a path leads to that file: the entry of the last name, with its directory recorded.
    /// Throws where it leads to another.
    private func place(
        _ path: FilePath, of id: FileID, _ instance: FilterInstance
    ) throws(IOFailure) -> UndoEntry? {
        guard let name = path.lastComponent else { throw IOFailure(.objectNameNotFound) }
        let directory = try openDirectory(path.removingLastComponent(), in: nil, instance)
        defer { directory.close() }
        guard try entry(name, in: directory, instance)?.id == id else {
            throw IOFailure(.objectNameNotFound)
        }
        return try record(directory, instance).map { UndoEntry($0.number, name.nameBytes) }
    }

    /// Under `recording`. What is found by a name that is about to change.
    ///
    /// - Parameter place: nil in a directory that the session made.
    func record(
        _ found: FileInformation, _ name: FilePath.Component, in directory: FileObject,
        _ place: UndoEntry?, _ instance: FilterInstance
    ) throws(IOFailure) -> UndoFile? {
        if let file = known(found.id, found.birthTime) { return file }
        let object = try instance.open(
            CreateParameters(
                path: FilePath(root: nil, components: name), directory: directory, access: [],
                options: [.noFollow, .attributesOnly]))
        defer { object.close() }
        guard object.stream.id == found.id else { throw IOFailure(.sharingViolation) }
        return try record(found, object, at: place, instance)
    }

    /// Under `recording`.
    func record(
        _ found: FileInformation, _ object: FileObject, at place: UndoEntry?,
        _ instance: FilterInstance
    ) throws(IOFailure) -> UndoFile {
        let number = known.withLock { known in
            defer { known.next += 1 }
            return known.next
        }
        var node = UndoNode(number, found, place: place)
        // A file system without them says so.
        for name in (try? instance.attributeNames(of: object)) ?? [] {
            guard let value = try? instance.attribute(name, of: object) else { continue }
            node.attributes.append(UndoNode.Attribute(name: name, value: value))
        }
        if found.kind == .symbolicLink,
            case .linkTarget(let target) = try instance.query(.linkTarget, of: object)
        {
            node.target = target
        }
        try keeper.append([.node(node)])
        let file = UndoFile(node)
        known.withLock { $0.files[found.id] = file }
        return file
    }

    // MARK: Questions below

    func status(
        of object: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> FileInformation {
        guard case .information(let found) = try instance.query(.status, of: object) else {
            throw IOFailure(.invalidDeviceRequest)
        }
        return found
    }

    /// nil: there is no such name.
    func entry(
        _ name: FilePath.Component, in directory: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> FileInformation? {
        do throws(IOFailure) {
            guard case .information(let found) = try instance.query(.entry(name), of: directory)
            else { throw IOFailure(.invalidDeviceRequest) }
            return found
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return nil
        }
    }

    func openDirectory(
        _ path: FilePath, in directory: FileObject?, _ instance: FilterInstance
    ) throws(IOFailure) -> FileObject {
        try instance.open(
            CreateParameters(
                path: path, directory: directory, access: [], kind: .directory,
                options: .attributesOnly))
    }

    /// The same file once more, to read what it has.
    func openForReading(
        _ object: FileObject, _ instance: FilterInstance
    ) throws(IOFailure) -> FileObject {
        try instance.open(
            CreateParameters(
                path: "", directory: object, access: .read, options: [.noAccessTime]))
    }
}

extension FilePath.Component {
    var nameBytes: [UInt8] { FilePath(root: nil, components: self).bytes }
}
