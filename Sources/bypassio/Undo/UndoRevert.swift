import HostFileSystem
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// Takes changes of a session back: everything that is in the way is moved aside or removed,
/// directories are made or moved back from the top down, then files are given their names, their
/// old data and, last, their attributes.
///
/// Each step may be the last one: a second run goes on where a killed one ended.
final class UndoRevert {
    let tree: UndoTree
    let selection: UndoSelection
    /// What somebody else changed since is overwritten; a copy stays beside it.
    let isForced: Bool
    /// What could not be taken back, and why.
    private(set) var failures: [String] = []
    /// Of before, and nowhere any more: nothing is made in their place.
    private var lost: [UInt64: UndoPath] = [:]
    private var placed: Set<UInt64> = []
    private var done: Set<UndoEntry> = []
    /// Files that the journal says this run changes.
    private var told: Set<UInt64> = []
    /// Hears of each file that this run is about to give a name, as soon as it is made.
    private let willName: (FileID) throws(Errno) -> Void
    /// As it was before the first change: this run's own look like those of somebody else.
    private lazy var foreign = UndoConflicts(tree, selection).found
    private lazy var foreignSubjects = Set(foreign.map(\.subject))

    private var knowledge: UndoKnowledge { tree.knowledge }

    init(
        _ tree: UndoTree, _ selection: UndoSelection, isForced: Bool,
        willName: @escaping (FileID) throws(Errno) -> Void
    ) {
        self.willName = willName
        self.tree = tree
        self.selection = selection
        self.isForced = isForced
    }

    /// Changes of others since, one line each. Nothing is changed.
    func conflicts() -> [String] { foreign.map(\.text).sorted() }

    /// - Parameter notes: of the session.
    func run(_ notes: borrowing UndoNotes) {
        _ = foreignSubjects
        loosen()
        tree.removeUnknownAside()
        findAway()
        findLost()
        do throws(Errno) {
            try moveAway(notes)
        } catch {
            fail("Nothing can be moved in \(tree.session.root)", error)
        }
        clear(notes)
        for entry in ordered(selection.entries) { place(entry, notes) }
        restoreFiles(notes)
        do throws(Errno) {
            try tree.removeAway()
        } catch {
            fail("\([tree.awayName].text) has what could not be put back", error)
        }
        tree.tighten()
        restoreDirectories()
        restoreRoot()
    }

    private func loosen() {
        for number in selection.nodes where knowledge.kept[number]?.flags != nil {
            if let node = knowledge.nodes[number] { UndoneFile(tree, node).loosen() }
        }
    }

    /// The file is about to change. What somebody else changed is a conflict until its copy is
    /// there.
    private func tell(
        _ number: UInt64, _ notes: borrowing UndoNotes, isCopied: Bool = false
    ) throws(Errno) {
        guard isCopied || !foreignSubjects.contains(.file(number)) else { return }
        if told.insert(number).inserted { try notes.write([.reverting(number, true)]) }
    }

    func fail(_ what: String, _ error: Errno) { failures.append("\(what): \(error).") }

    /// In the order in which the session changed them, so that two runs do the same.
    private func ordered(_ entries: Set<UndoEntry>) -> [UndoEntry] {
        tree.order.filter { entries.contains($0) }
    }

    // MARK: Aside

    /// A run that was killed left files there, by their numbers.
    private func findAway() {
        for (number, anchors) in tree.anchors
        where anchors.contains(where: { $0.isAway(number, tree.awayName) }) {
            tree.away.insert(number)
            tree.anchors[number] = nil
        }
    }

    private func findLost() {
        for number in selection.nodes {
            guard let path = tree.lostPath(of: number) else { continue }
            lost[number] = path
            failures.append(
                "\(path.text) is nowhere any more; what the session kept of it stays there.")
        }
        for number in selection.nodes.intersection(knowledge.forgotten).sorted() {
            let path = tree.path(of: number) ?? tree.oldPath(of: number)
            failures.append(
                "\(path?.text ?? "?") was not kept: the session had no room left.")
        }
    }

    /// The name cannot get back what it meant, so what it means now stays.
    private func isBeyondReach(_ number: UInt64) -> Bool {
        lost[number] != nil
            || tree.path(of: number) == nil && knowledge.forgotten.contains(number)
                && knowledge.kept[number]?.isHeld != true
    }

    private func makeAway() throws(Errno) {
        do throws(Errno) {
            try SystemCall.makeDirectory(
                FilePath(bytes: tree.awayName), at: tree.top.descriptor, mode: 0o700)
        } catch {
            guard error == .fileExists else { throw error }
        }
    }

    /// Files of before that are to have another name than now, the deepest first, so that no path
    /// changes before it is used.
    private func moveAway(_ notes: borrowing UndoNotes) throws(Errno) {
        var moves: [(number: UInt64, path: UndoPath)] = []
        var seen: Set<UInt64> = []
        for entry in selection.entries {
            guard let old = knowledge.names[entry]?.old, !tree.away.contains(old),
                !tree.isInPlace(old, entry), !tree.isInOtherPlace(old),
                let path = tree.path(of: old)
            else { continue }
            if seen.insert(old).inserted { moves.append((old, path)) }
        }
        guard !moves.isEmpty else { return }
        try makeAway()
        for (number, path) in moves.sorted(by: { $0.path.count > $1.path.count }) {
            do throws(Errno) {
                try tell(number, notes)
                try tree.move(path, to: tree.aside(number))
                tree.away.insert(number)
                let gone = tree.anchors[number]?.first
                tree.anchors[number]?.removeAll { $0 == gone }
            } catch {
                fail("\(path.text) cannot be moved aside", error)
            }
        }
    }

    /// Takes away what the session put where something else was, or nothing.
    private func clear(_ notes: borrowing UndoNotes) {
        var cleared: Set<UndoTree.Anchor> = []
        for entry in ordered(selection.entries).reversed() {
            guard let path = tree.path(of: entry), tree.status(of: path) != nil else { continue }
            if let old = knowledge.names[entry]?.old,
                tree.isInPlace(old, entry) || isBeyondReach(old)
            {
                continue
            }
            clear(path, .name(entry), notes)
            cleared.insert(UndoTree.Anchor(directory: entry.directory, names: [entry.name]))
        }
        for anchor in selection.removals {
            guard let path = tree.path(of: anchor), tree.status(of: path) != nil else { continue }
            clear(path, .new(anchor), notes)
            cleared.insert(anchor)
        }
        tree.forget(cleared)
    }

    private func clear(
        _ path: UndoPath, _ subject: UndoConflicts.Subject, _ notes: borrowing UndoNotes
    ) {
        do throws(Errno) {
            if case .name(let entry) = subject { try notes.write([.clearing(entry)]) }
            if isForced, foreignSubjects.contains(subject) {
                try tree.setAside(path)
            } else {
                try tree.remove(path) { found throws(Errno) in
                    // The others are to be found as the session left them.
                    if found.linkCount > 1 { try notes.write([.unlinking(FileID(found))]) }
                }
            }
        } catch {
            fail("\(path.text) cannot be removed", error)
        }
    }

    // MARK: Names

    /// Gives a name what it meant. A directory's own name comes first.
    private func place(_ entry: UndoEntry, _ notes: borrowing UndoNotes) {
        var left = [entry]
        var waiting: Set<UndoEntry> = []
        while let next = left.popLast() {
            guard !done.contains(next) else { continue }
            if tree.path(of: next.directory) == nil, waiting.insert(next).inserted {
                left.append(next)
                for name in (tree.oldNames[next.directory] ?? []).reversed()
                where selection.entries.contains(name) && !waiting.contains(name) {
                    left.append(name)
                }
            } else {
                placeOne(next, notes)
            }
        }
    }

    private func placeOne(_ entry: UndoEntry, _ notes: borrowing UndoNotes) {
        guard !done.contains(entry), let old = knowledge.names[entry]?.old,
            let node = knowledge.nodes[old], !isBeyondReach(old)
        else { return }
        done.insert(entry)
        guard let path = tree.path(of: entry) else {
            return fail("\(tree.oldPath(of: entry)?.text ?? "?") has no directory", .notDirectory)
        }
        guard !tree.isInPlace(old, entry) else { return tree.note(old, at: entry) }
        do throws(Errno) {
            try tell(old, notes)
            if tree.away.contains(old) {
                try tree.move(tree.aside(old), to: path)
                tree.away.remove(old)
            } else if node.kind == .directory {
                try remake(node, at: path, notes) { [tree] place throws(Errno) in
                    try tree.makeDirectory(place)
                }
            } else if let other = (tree.anchors[old] ?? []).lazy.compactMap({ [tree] in
                tree.path(of: $0)
            }).first(where: { [tree] in tree.status(of: $0) != nil }) {
                try tree.link(other, to: path)
            } else {
                try remake(node, at: path, notes)
            }
            tree.note(old, at: entry)
            placed.insert(old)
        } catch {
            fail("\(path.text) cannot be put back", error)
        }
    }

    /// A file that has no name any more.
    private func remake(
        _ node: UndoNode, at path: UndoPath, _ notes: borrowing UndoNotes
    ) throws(Errno) {
        if knowledge.kept[node.number]?.isHeld == true {
            do throws(Errno) {
                return try tree.link(held: node.number, to: path)
            } catch {
                // Another disk since, or a mount between: its data is copied.
                guard error == .improperLink || error == .notPermitted else { throw error }
            }
        }
        try remake(node, at: path, notes) { [tree] place throws(Errno) in
            try tree.make(node, at: place)
        }
    }

    /// It is made aside, and gets its name when the journal knows it: so a later run finds it.
    private func remake(
        _ node: UndoNode, at path: UndoPath, _ notes: borrowing UndoNotes,
        _ make: (UndoPath) throws(Errno) -> Void
    ) throws(Errno) {
        try makeAway()
        let aside = tree.aside(node.number)
        try make(aside)
        guard let made = tree.status(of: aside) else { throw .noSuchFileOrDirectory }
        try notes.write([
            .remade(node.number, FileID(made), birth: made.created.map { FileTime($0) })
        ])
        try willName(FileID(made))
        try tree.move(aside, to: path)
    }

    // MARK: Data and attributes

    private func restoreFiles(_ notes: borrowing UndoNotes) {
        for number in selection.nodes.sorted() {
            guard let node = knowledge.nodes[number], node.kind != .directory,
                !knowledge.forgotten.contains(number), !knowledge.settled.contains(number)
            else { continue }
            let file = UndoneFile(tree, node)
            guard file.isThere else { continue }
            do throws(Errno) {
                if isForced, foreignSubjects.contains(.file(number)) {
                    try file.copyBeside()
                    try notes.write([.foreign(number)])
                }
                try tell(number, notes, isCopied: true)
                try file.restoreData()
                try file.restoreAttributes()
                try notes.write([.reverting(number, false)])
            } catch {
                fail("\(file.text) cannot be restored", error)
            }
        }
    }

    /// The deepest first: what is done below moves their times.
    private func restoreDirectories() {
        let directories = selection.nodes.union(placed).compactMap { number -> UndoneFile? in
            guard number != UndoTree.root, let node = knowledge.nodes[number],
                node.kind == .directory, !knowledge.settled.contains(number)
            else { return nil }
            return UndoneFile(tree, node)
        }
        for file in directories.sorted(by: { $0.depth > $1.depth }) where file.isThere {
            do throws(Errno) {
                try file.restoreAttributes()
            } catch {
                fail("\(file.text) cannot be restored", error)
            }
        }
    }

    private func restoreRoot() {
        guard selection.nodes.contains(UndoTree.root), let node = knowledge.nodes[UndoTree.root]
        else { return }
        do throws(Errno) {
            try UndoneFile(tree, node).restoreAttributes()
        } catch {
            fail("\(tree.session.root) cannot be restored", error)
        }
    }
}

extension UndoTree.Anchor {
    fileprivate func isAway(_ number: UInt64, _ folder: [UInt8]) -> Bool {
        directory == UndoTree.root && names == [folder, Array("\(number)".utf8)]
    }
}
