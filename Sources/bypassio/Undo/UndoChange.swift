import IOStack
import LinuxKit
import Minifilters

/// A difference between a directory and what it was before a session.
struct UndoChange: Encodable {
    enum Kind: String, Encodable {
        case created, removed, renamed, changed
        /// The file of before is gone, and a new one has its name.
        case replaced
    }

    let kind: Kind
    /// From the session's directory on; as it is now, where it is there.
    let path: String
    var oldPath: String?
    /// What is other, in words.
    var details: [String] = []

    /// The file of before; nil for a new one.
    var number: UInt64?
    /// Where it is now.
    var place: UndoPath?

    private enum CodingKeys: String, CodingKey {
        case kind, path, oldPath, details
    }

    var text: String {
        let more = details.isEmpty ? "" : " (\(details.joined(separator: ", ")))"
        guard let oldPath else { return "\(kind.rawValue) \(path)\(more)" }
        return "\(kind.rawValue) \(oldPath) → \(path)\(more)"
    }
}

/// All of a session, as far as it is chosen.
struct UndoChanges {
    private let tree: UndoTree
    private let selection: UndoSelection

    init(_ tree: UndoTree, _ selection: UndoSelection) {
        self.tree = tree
        self.selection = selection
    }

    var all: [UndoChange] {
        var changes: [UndoChange] = []
        var told: Set<UInt64> = []
        for entry in tree.order where selection.entries.contains(entry) {
            for change in self.changes(of: entry, told) {
                let isNew = change.number.map { told.insert($0).inserted } ?? true
                // A file of several names lost each of them, but was changed once.
                if isNew || [.removed, .replaced].contains(change.kind) { changes.append(change) }
            }
        }
        for number in selection.nodes.sorted() where !told.contains(number) {
            if let change = change(ofFile: number) { changes.append(change) }
        }
        for anchor in selection.removals {
            guard let path = tree.path(of: anchor), tree.status(of: path) != nil else { continue }
            changes.append(UndoChange(kind: .created, path: path.text, place: path))
        }
        return changes.sorted { $0.path < $1.path }
    }

    /// What became of the file that had the name, and what has the name now.
    ///
    /// - Parameter told: the files of before that were told of.
    private func changes(of entry: UndoEntry, _ told: Set<UInt64>) -> [UndoChange] {
        let new = newFile(at: entry)
        guard let old = tree.knowledge.names[entry]?.old else { return [new].compactMap(\.self) }
        if tree.isInPlace(old, entry) { return [change(ofFile: old)].compactMap(\.self) }
        let oldPath = tree.oldPath(of: entry)?.text ?? "?"
        guard let node = tree.knowledge.nodes[old] else { return [] }
        // A file of which all names are gone was renamed from one of them.
        let hasOtherName =
            tree.isInOtherPlace(old) || (told.contains(old) && tree.path(of: old) != nil)
        guard !hasOtherName, let place = tree.path(of: old) else {
            let number = hasOtherName ? nil : old
            guard let new, let place = new.place else {
                return [
                    UndoChange(
                        kind: .removed, path: oldPath + (node.kind == .directory ? "/" : ""),
                        number: number)
                ]
            }
            return [
                UndoChange(
                    kind: .replaced, path: new.path,
                    details: details(of: node, place, isAnother: true), number: number,
                    place: place)
            ]
        }
        let details = details(of: node, place)
        // It has its old path in another directory: that one is told.
        guard place.text != oldPath else {
            let changed = UndoChange(
                kind: .changed, path: place.text, details: details, number: old, place: place)
            return (details.isEmpty ? [] : [changed]) + [new].compactMap(\.self)
        }
        let renamed = UndoChange(
            kind: .renamed, path: place.text, oldPath: oldPath, details: details,
            number: old, place: place)
        return [renamed, new].compactMap(\.self)
    }

    /// nil where the name has nothing that the session made, or names a file of before, which is
    /// told at its old name.
    private func newFile(at entry: UndoEntry) -> UndoChange? {
        guard let path = tree.path(of: entry), let now = tree.status(of: path) else { return nil }
        guard let other = tree.number(of: now) else {
            return UndoChange(
                kind: .created, path: path.text + (now.isDirectory ? "/" : ""), place: path)
        }
        guard tree.isInOtherPlace(other) else { return nil }
        return UndoChange(
            kind: .created, path: path.text, details: ["a further name"], place: path)
    }

    private func change(ofFile number: UInt64) -> UndoChange? {
        guard let node = tree.knowledge.nodes[number], let place = tree.path(of: number) else {
            return nil
        }
        let details = details(of: node, place)
        guard !details.isEmpty else { return nil }
        return UndoChange(
            kind: .changed, path: place.text, details: details, number: number, place: place)
    }

    /// - Parameter isAnother: the file there is a new one.
    private func details(
        of node: UndoNode, _ place: UndoPath, isAnother: Bool = false
    ) -> [String] {
        guard
            let now = place.isEmpty
                ? try? SystemCall.status(of: tree.top.descriptor) : tree.status(of: place)
        else { return [] }
        var details: [String] = []
        guard FileKind(now) == node.kind else { return ["of another kind"] }
        let file = UndoneFile(tree, node)
        let isTouched =
            isAnother || (file.hasOldData && FileTime(now.modified) != node.modified)
        if node.kind == .regularFile, isTouched || now.size != node.size {
            details.append("\(node.size) → \(now.size) bytes")
        }
        let mode = UInt32(now.mode) & 0o7777
        if node.kind != .symbolicLink, mode != node.permissions {
            details.append(
                "mode \(String(node.permissions, radix: 8)) → \(String(mode, radix: 8))")
        }
        if !file.hasOwner(now) {
            let old = [node.user, node.group].map { $0.map(String.init) ?? "?" }
            details.append("owner \(old[0]):\(old[1]) → \(now.user):\(now.group)")
        }
        if file.hasOtherAttributes { details.append("extended attributes") }
        if node.kind != .directory, details.isEmpty, FileTime(now.modified) != node.modified {
            details.append("times")
        }
        return details
    }
}
