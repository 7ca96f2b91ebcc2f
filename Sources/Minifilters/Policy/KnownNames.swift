import IOStack

/// Names that files have, or had, beside the one that a request comes by.
///
/// Two kinds: those that a rename through the filter took away or gave, by the path that has them
/// now; and the names of files with several links, found by one walk of the volume when the first
/// such file is opened, and kept up with what passes the filter.
///
/// Any thread. Lock order: `walk`, then `state`; `state` is a leaf.
final class KnownNames: Sendable {
    /// Paths with other names; a rename or a removal that would need more is refused.
    static let capacity = 4096
    /// Names of files with several links; a further link is refused. SOURCE may have more.
    static let linkCapacity = 65_536
    /// Names of one path that are looked for: directories that were moved into each other in turns
    /// would have names without end.
    fileprivate static let mostNames = 1024

    fileprivate struct State {
        /// Further names of a path, and of all below.
        var others: [String: Set<String>] = [:]
        /// Of files with several links.
        var links: [FileID: Set<String>] = [:]
        /// The files of those names.
        var linked: [String: FileID] = [:]
        var isWalked = false
        var changes: UInt64 = 0
    }

    private let state = Guarded(State())
    /// Held while the volume is walked.
    private let walk = Guarded<Void>(())

    /// Another number after every rename and every new link.
    var mark: UInt64 { state.withLock(\.changes) }

    // MARK: Renames

    /// Something below a directory has further names.
    func hasOthers(below path: String) -> Bool {
        state.withLock { state in
            !state.others.isEmpty && state.others.keys.contains { $0.hasPrefix(path + "/") }
        }
    }

    /// The path and what else it is or was called.
    func names(of path: String) -> Set<String> {
        state.withLock { $0.names(of: path) }
    }

    /// With the other links of the file, as far as they are known.
    func everyName(of path: String) -> Set<String> {
        state.withLock { state in
            let links = state.linked[path].flatMap { state.links[$0] } ?? []
            return links.union([path]).reduce(into: []) { $0.formUnion(state.names(of: $1)) }
        }
    }

    /// What a rename changed, to take it back.
    struct Change: Sendable {
        fileprivate let path: String
        fileprivate let newPath: String
        fileprivate let replaced: Set<String>?
        fileprivate let replacedAtOld: Set<String>?
    }

    /// The file at `path` is about to be called `newPath`: both names are its names from now on.
    /// nil where no room is left.
    ///
    /// - Parameter isDirectory: requests may come by a directory's old name as long as it is open.
    func willRename(_ path: String, to newPath: String, isDirectory: Bool) -> Change? {
        state.withLock { state -> Change? in
            guard state.others.count < Self.capacity else { return nil }
            state.changes &+= 1
            let change = Change(
                path: path, newPath: newPath, replaced: state.others[newPath],
                replacedAtOld: state.others[path])
            let names = state.names(of: path)
            state.others[newPath, default: []].formUnion(names)
            if isDirectory { state.others[path, default: []].insert(newPath) }
            return change
        }
    }

    /// The rename came about, or did not.
    func didRename(_ change: Change, isDone: Bool, isDirectory: Bool) {
        state.withLock { state in
            guard isDone else {
                state.others[change.newPath] = change.replaced
                state.others[change.path] = change.replacedAtOld
                return
            }
            // What was at the new name is gone.
            if let replaced = change.replaced {
                let gone = replaced.subtracting(state.names(of: change.path))
                state.others[change.newPath]?.subtract(gone)
            }
            if !isDirectory { state.others[change.path] = nil }
            state.move(below: change.path, to: change.newPath)
        }
    }

    /// Whether the other links of the file can have its name, when it loses that.
    func canLose(_ path: String) -> Bool {
        state.withLock { state in
            let links = state.linked[path].flatMap { state.links[$0]?.count } ?? 1
            return links == 1 || state.others.count + links <= Self.capacity
        }
    }

    /// A name is gone.
    func removed(_ path: String) {
        state.withLock { state in
            state.leave(path)
            state.others[path] = nil
        }
    }

    // MARK: Links

    /// All known names of a file with several links, of which `path` is one.
    ///
    /// - Parameter walk: finds all names of all such files; called once.
    func links(
        of id: FileID, or path: String, _ walk: () -> [(name: String, id: FileID)]
    ) -> Set<String> {
        if !state.withLock(\.isWalked) {
            self.walk.withLock { _ in
                guard !state.withLock(\.isWalked) else { return }
                let found = walk()
                state.withLock { state in
                    for (name, id) in found { state.link(name, to: id) }
                    state.isWalked = true
                }
            }
        }
        return state.withLock { state in
            state.link(path, to: id)
            return state.links[id] ?? [path]
        }
    }

    /// Those that passed the filter and, after a walk, all.
    func links(of id: FileID) -> Set<String> { state.withLock { $0.links[id] ?? [] } }

    /// The file of that name may soon have several; nil: its first. False where no room is left.
    func willLink(_ id: FileID, at path: String?) -> Bool {
        state.withLock { state in
            guard state.linked.count < Self.linkCapacity else { return false }
            state.changes &+= 1
            if let path { state.link(path, to: id) }
            return true
        }
    }

    /// A file got one more name. A walk may come after the first of them is gone.
    func linked(_ id: FileID, from path: String?, to newPath: String) {
        state.withLock { state in
            state.changes &+= 1
            if let path { state.link(path, to: id) }
            state.link(newPath, to: id)
        }
    }

    /// The walked names follow a rename.
    func renamedLinks(_ path: String, to newPath: String, isDirectory: Bool) {
        state.withLock { state in
            guard !state.linked.isEmpty else { return }
            if !isDirectory { state.leave(newPath) }
            let moved =
                isDirectory
                ? state.linked.keys.filter { $0.hasPrefix(path + "/") }
                : state.linked[path] == nil ? [] : [path]
            for name in moved {
                guard let id = state.unlink(name) else { continue }
                state.link(newPath + name.dropFirst(path.count), to: id)
            }
        }
    }
}

extension KnownNames {
    // MARK: Another process

    func write(to writer: inout StateWriter) {
        state.withLock { state in
            writer.list(state.others) { writer, other in
                writer.text(other.key)
                writer.list(other.value) { $0.text($1) }
            }
            writer.list(state.links) { writer, link in
                writer.long(link.key.device)
                writer.long(link.key.inode)
                writer.list(link.value) { $0.text($1) }
            }
            writer.flag(state.isWalked)
        }
    }

    /// Returns what ``take(_:)`` takes.
    static func saved(_ reader: inout StateReader) throws(StateReader.Malformed) -> Saved {
        var state = State()
        let others = try reader.list { (reader) throws(StateReader.Malformed) in
            (
                try reader.string(),
                try reader.list { (reader) throws(StateReader.Malformed) in
                    try reader.string()
                }
            )
        }
        for (path, names) in others { state.others[path] = Set(names) }
        let links = try reader.list { (reader) throws(StateReader.Malformed) in
            (
                FileID(device: try reader.long(), inode: try reader.long()),
                try reader.list { (reader) throws(StateReader.Malformed) in try reader.string() }
            )
        }
        for (id, names) in links { for name in names { state.link(name, to: id) } }
        state.isWalked = try reader.flag()
        guard state.others.count <= Self.capacity else { throw StateReader.Malformed() }
        return Saved(state: state)
    }

    struct Saved: Sendable {
        fileprivate let state: State
    }

    func take(_ saved: Saved) { state.withLock { $0 = saved.state } }
}

extension KnownNames.State {
    func names(of path: String) -> Set<String> {
        guard !others.isEmpty else { return [path] }
        var names: Set<String> = [path]
        var rest = [path]
        // A name of a name is a name: requests still come by the old one of a directory that lies
        // in another that was moved.
        while let name = rest.popLast(), names.count < KnownNames.mostNames {
            var end = name.startIndex
            while end < name.endIndex {
                end = name[name.index(after: end)...].firstIndex(of: "/") ?? name.endIndex
                for other in others[String(name[..<end])] ?? [] {
                    let further = other + name[end...]
                    if names.insert(further).inserted { rest.append(further) }
                }
            }
        }
        return names
    }

    /// A file loses a name, which goes on to count for its other links.
    mutating func leave(_ path: String) {
        if let id = linked[path], let links = links[id] {
            let names = names(of: path)
            for link in links where link != path {
                others[link, default: []].formUnion(names)
            }
        }
        unlink(path)
    }

    /// Names below a directory go with it.
    mutating func move(below path: String, to newPath: String) {
        for key in others.keys where key.hasPrefix(path + "/") {
            others[newPath + key.dropFirst(path.count)] = others.removeValue(forKey: key)
        }
    }

    mutating func link(_ path: String, to id: FileID) {
        if let old = linked[path], old != id { unlink(path) }
        linked[path] = id
        links[id, default: []].insert(path)
    }

    @discardableResult
    mutating func unlink(_ path: String) -> FileID? {
        guard let id = linked.removeValue(forKey: path) else { return nil }
        links[id]?.remove(path)
        if links[id]?.isEmpty == true { links[id] = nil }
        return id
    }
}
