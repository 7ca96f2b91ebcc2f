import HostFileSystem
import IOStack
import LinuxKit
import Minifilters

/// What somebody else changed since the session did.
struct UndoConflicts {
    enum Subject: Hashable {
        case name(UndoEntry)
        /// Data and attributes of a file of before.
        case file(UInt64)
        /// A file that the session made.
        case new(UndoTree.Anchor)
    }

    struct Conflict {
        let subject: Subject
        let text: String
    }

    private let tree: UndoTree
    private let selection: UndoSelection

    init(_ tree: UndoTree, _ selection: UndoSelection) {
        self.tree = tree
        self.selection = selection
    }

    var found: [Conflict] {
        let subjects: [Subject] =
            selection.entries.map { .name($0) } + selection.nodes.map { .file($0) }
            + selection.removals.map { .new($0) }
        return subjects.compactMap { subject in
            conflict(subject).map { Conflict(subject: subject, text: $0) }
        }
    }

    /// nil where what is there is what the session left.
    func conflict(_ subject: Subject) -> String? {
        switch subject {
        case .name(let entry): conflict(of: entry)
        case .file(let number): conflict(ofFile: number)
        case .new(let anchor): changedSince(anchor)
        }
    }

    private func conflict(of entry: UndoEntry) -> String? {
        guard let name = tree.knowledge.names[entry], let path = tree.path(of: entry) else {
            return nil
        }
        let now = tree.status(of: path)
        if let old = name.old, tree.isInPlace(old, entry) { return nil }
        if case .some(let left) = name.left, left?.inode != now?.inode {
            // It is as it was before: somebody was faster, or a revert was killed.
            if name.old == nil, now == nil { return nil }
            guard isLater(now, in: entry) else { return nil }
            guard now != nil else {
                return isRevert(entry, left)
                    ? nil : "\(path.text) was removed since, by somebody else"
            }
            return "\(path.text) is another file since, by somebody else"
        }
        guard let now, tree.number(of: now) == nil else { return nil }
        return changedSince(UndoTree.Anchor(directory: entry.directory, names: [entry.name]))
    }

    /// A revert that was killed took what the session had left there, or put it where it belongs.
    private func isRevert(_ entry: UndoEntry, _ left: FileID?) -> Bool {
        if tree.knowledge.cleared.contains(entry) { return true }
        guard let left, let number = tree.number(ofInode: left.inode) else { return false }
        return tree.awayHas(number) || tree.isInOtherPlace(number)
    }

    /// A service that was killed may not have told its last changes: those of after its end are
    /// somebody else's.
    private func isLater(_ now: FileStatus?, in entry: UndoEntry) -> Bool {
        guard tree.knowledge.ended == nil, let end = tree.session.end else { return true }
        let time = now?.changed ?? tree.directoryStatus(of: entry)?.changed
        return time.map { FileTime($0).isAfter(end) } ?? false
    }

    /// A file that was changed after the session's end, at a new name or below it.
    private func changedSince(_ anchor: UndoTree.Anchor) -> String? {
        guard let end = tree.session.end else { return nil }
        var left = [anchor]
        while let next = left.popLast() {
            guard let path = tree.path(of: next), let found = tree.status(of: path),
                tree.number(of: found) == nil
            else { continue }
            guard found.isDirectory else {
                if !tree.session.hasLeft(FileID(found), FileTime(found.changed), end),
                    !tree.knowledge.unlinked.contains(FileID(found))
                {
                    return "\(path.text) was changed since, by somebody else"
                }
                continue
            }
            for name in (try? tree.names(in: next)) ?? [] {
                left.append(
                    UndoTree.Anchor(directory: next.directory, names: next.names + [name]))
            }
        }
        return nil
    }

    private func conflict(ofFile number: UInt64) -> String? {
        if let path = tree.lostPath(of: number) {
            return "\(path.text) was moved, replaced or removed since, by somebody else"
        }
        guard !tree.knowledge.reverting.contains(number), let end = tree.session.end,
            let node = tree.knowledge.nodes[number], node.kind != .directory,
            let path = tree.path(of: number),
            let found = tree.status(of: path), UndoTree.isSame(node, found),
            !tree.session.hasLeft(FileID(found), FileTime(found.changed), end),
            !UndoneFile(tree, node).isAsBefore(found)
        else { return nil }
        return "\(path.text) was changed since, by somebody else"
    }
}

extension FileTime {
    init(_ time: FileStatus.Time) {
        self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}
