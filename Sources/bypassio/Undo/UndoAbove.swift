import HostFileSystem
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// The session of a guard, about a revert of a session within it: what the revert does is no change
/// of somebody else.
///
/// The journal within may say anything. So what counts is what was seen before the revert, and what
/// the revert itself made.
final class UndoAbove {
    private let address: UndoAddress
    private let notes: UndoNotes
    private var made: Set<FileID>
    /// Names that meant what the session had left there, and that.
    private let left: [UndoEntry: FileID?]

    /// Before the revert. nil where there is no such session, and where it is at work.
    init?(_ inner: FoundUndoSession) {
        guard let outer = inner.outer, let session = try? FoundUndoSession(outer.place),
            !session.isLive, let tree = try? UndoTree(session), let notes = try? UndoNotes(session)
        else { return nil }
        address = session.address
        self.notes = notes
        made = session.knowledge.madeWithin
        left = Dictionary(
            uniqueKeysWithValues: tree.order.compactMap { entry -> (UndoEntry, FileID?)? in
                guard case .some(let left) = session.knowledge.names[entry]?.left,
                    let path = tree.path(of: entry)
                else { return nil }
                let now = tree.status(of: path).map { FileID($0) }
                return now?.inode == left?.inode ? (entry, now) : nil
            })
    }

    /// The revert made a file. It is written down before the file has its name, so that a revert
    /// that is killed and run again knows it, too.
    func noteMade(_ file: FileID) throws(Errno) {
        guard made.insert(file).inserted else { return }
        try notes.write([.madeWithin(file)])
    }

    /// After the revert. Returns what went wrong, in sentences.
    ///
    /// - Parameters:
    ///   - selection: of the session within.
    ///   - inner: its tree, as it is now.
    func tell(_ selection: UndoSelection, in inner: UndoTree) -> [String] {
        guard let session = try? address.session(), let tree = try? UndoTree(session) else {
            return []
        }
        let records = names(in: tree) + files(selection, in: inner)
        guard !records.isEmpty else { return [] }
        do throws(Errno) {
            try notes.write(records)
            return []
        } catch {
            return ["Session \(address.name) cannot be told what its files are now: \(error)."]
        }
    }

    /// Names that mean something else by the revert.
    private func names(in tree: UndoTree) -> [UndoRecord] {
        let known = Set(left.values.compactMap(\.self))
        return tree.order.compactMap { entry -> UndoRecord? in
            guard case .some(let last) = tree.knowledge.names[entry]?.left,
                let path = tree.path(of: entry)
            else { return nil }
            guard let now = tree.status(of: path).map({ FileID($0) }) else {
                return last != nil && left[entry] != nil ? .left(entry, nil) : nil
            }
            guard now.inode != last?.inode,
                made.contains(now) || (known.contains(now) && left[entry] != nil)
            else { return nil }
            return .left(entry, now)
        }
    }

    /// Files that the revert made, with the times of their last change.
    private func files(_ selection: UndoSelection, in inner: UndoTree) -> [UndoRecord] {
        selection.nodes.compactMap { number -> UndoRecord? in
            guard let path = inner.path(of: number), let now = inner.status(of: path),
                !now.isDirectory, made.contains(FileID(now))
            else { return nil }
            return .returned(FileID(now), changed: FileTime(now.changed))
        }
    }
}
