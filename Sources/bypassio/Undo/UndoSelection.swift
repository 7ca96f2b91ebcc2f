import IOStack
import LinuxKit
import Minifilters

/// What of a session is to be taken back, or kept: names, and files by their data and attributes.
struct UndoSelection {
    var entries: Set<UndoEntry> = []
    var nodes: Set<UInt64> = []
    /// Files in directories that the session made.
    var removals: [UndoTree.Anchor] = []

    var isEmpty: Bool { entries.isEmpty && nodes.isEmpty && removals.isEmpty }

    /// The whole session.
    init(all tree: UndoTree) {
        entries = Set(tree.order)
        nodes = Set(tree.knowledge.nodes.keys).subtracting(tree.knowledge.settled)
    }

    /// What the paths are called now, or were called before, and all below; and what else must move
    /// for that.
    init(_ paths: [UndoPath], in tree: UndoTree) {
        for path in paths {
            for entry in tree.order
            where [tree.path(of: entry), tree.oldPath(of: entry)].contains(where: {
                $0?.starts(with: path) == true
            }) {
                entries.insert(entry)
            }
            for number in tree.knowledge.nodes.keys
            where !tree.knowledge.settled.contains(number) {
                let now = (tree.anchors[number] ?? []).map { tree.path(of: $0) }
                if (now + [tree.oldPath(of: number)]).contains(where: {
                    $0?.starts(with: path) == true
                }) {
                    nodes.insert(number)
                }
            }
            if let anchor = Self.newFile(path, in: tree) { removals.append(anchor) }
        }
        close(in: tree)
    }

    /// A file below a directory that the session made.
    private static func newFile(_ path: UndoPath, in tree: UndoTree) -> UndoTree.Anchor? {
        guard let found = tree.status(of: path), tree.number(of: found) == nil else { return nil }
        for count in stride(from: path.count - 2, through: 0, by: -1) {
            let above = Array(path.prefix(count))
            let number: UInt64? =
                above.isEmpty
                ? UndoTree.root : tree.status(of: above).flatMap { tree.number(of: $0) }
            guard let number else { continue }
            let names = Array(path.dropFirst(count))
            // Only a name that the session made has new files below it.
            guard let name = names.first,
                tree.knowledge.names[UndoEntry(number, name)] != nil
            else { return nil }
            return UndoTree.Anchor(directory: number, names: names)
        }
        return nil
    }

    /// Whatever is moved back leaves a name, which gets back what it meant; whatever lies in the
    /// way goes to its own name; a directory that is gone is made again.
    private mutating func close(in tree: UndoTree) {
        var left = Array(entries)
        for anchor in removals { add(oldFiles(within: anchor, tree), tree, &left) }
        while let entry = left.popLast() {
            if let old = tree.knowledge.names[entry]?.old {
                if !tree.knowledge.settled.contains(old) { nodes.insert(old) }
                if !tree.isInPlace(old, entry) {
                    for anchor in tree.anchors[old] ?? [] where anchor.names.count == 1 {
                        let name = UndoEntry(anchor.directory, anchor.names[0])
                        guard tree.knowledge.names[name] != nil,
                            tree.knowledge.names[name]?.old != old
                        else { continue }
                        insert(name, &left)
                    }
                }
            }
            let here = UndoTree.Anchor(directory: entry.directory, names: [entry.name])
            if let found = tree.status(of: entry) {
                if let other = tree.number(of: found) {
                    if other != tree.knowledge.names[entry]?.old { add([other], tree, &left) }
                } else if found.isDirectory {
                    add(oldFiles(within: here, tree), tree, &left)
                }
            }
            if tree.path(of: entry.directory) == nil {
                for name in tree.oldNames[entry.directory] ?? [] { insert(name, &left) }
            }
        }
    }

    private mutating func add(
        _ numbers: [UInt64], _ tree: UndoTree, _ left: inout [UndoEntry]
    ) {
        for number in numbers {
            for name in tree.oldNames[number] ?? [] { insert(name, &left) }
        }
    }

    private mutating func insert(_ entry: UndoEntry, _ left: inout [UndoEntry]) {
        if entries.insert(entry).inserted { left.append(entry) }
    }

    /// Files of before that lie below a name of the session's.
    private func oldFiles(within anchor: UndoTree.Anchor, _ tree: UndoTree) -> [UInt64] {
        tree.anchors.filter { _, places in
            places.contains {
                $0.directory == anchor.directory && $0.names.count > anchor.names.count
                    && $0.names.starts(with: anchor.names)
            }
        }.map(\.key)
    }
}
