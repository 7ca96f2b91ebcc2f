import IOStack
import LinuxKit
import Minifilters

/// A difference between a directory and what it was before a session.
struct UndoChange: Encodable {
    enum Kind: String, Encodable {
        case created, removed, renamed, changed
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
            guard let change = change(of: entry) else { continue }
            if let number = change.number, !told.insert(number).inserted { continue }
            changes.append(change)
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

    private func change(of entry: UndoEntry) -> UndoChange? {
        let path = tree.path(of: entry)
        let now = path.flatMap { tree.status(of: $0) }
        guard let old = tree.knowledge.names[entry]?.old else {
            guard let path, let now else { return nil }
            if let other = tree.number(of: now) {
                // It is told at its old name, unless it still has that.
                guard tree.isInOtherPlace(other) else { return nil }
                return UndoChange(
                    kind: .created, path: path.text, details: ["a further name"], place: path)
            }
            return UndoChange(
                kind: .created, path: path.text + (now.isDirectory ? "/" : ""), place: path)
        }
        if tree.isInPlace(old, entry) { return change(ofFile: old) }
        let oldPath = tree.oldPath(of: entry)?.text ?? "?"
        guard let node = tree.knowledge.nodes[old] else { return nil }
        guard !tree.isInOtherPlace(old), let place = tree.path(of: old) else {
            return UndoChange(
                kind: .removed, path: oldPath + (node.kind == .directory ? "/" : ""),
                number: tree.isInOtherPlace(old) ? nil : old)
        }
        return UndoChange(
            kind: .renamed, path: place.text, oldPath: oldPath, details: details(of: node, place),
            number: old, place: place)
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

    private func details(of node: UndoNode, _ place: UndoPath) -> [String] {
        guard
            let now = place.isEmpty
                ? try? SystemCall.status(of: tree.top.descriptor) : tree.status(of: place)
        else { return [] }
        var details: [String] = []
        let file = UndoneFile(tree, node)
        let isTouched = file.hasOldData && FileTime(now.modified) != node.modified
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
