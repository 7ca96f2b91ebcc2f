import HostFileSystem
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// Tells the other sessions of a store that a revert left files as they had left them. Without
/// that, the revert's own changes would look like those of somebody else.
///
/// A session that is at work is not told: it takes changes of others for its own.
struct UndoReturns {
    /// A file that a revert has given back.
    struct File {
        /// As the reverted session met it.
        let was: FileID
        let birth: FileTime?
        /// When it had been changed last then.
        let found: FileTime
        let now: FileID
        let nowBirth: FileTime?
        let changed: FileTime
        let isDirectory: Bool
        /// All this was seen at the file itself.
        var isSeen = false

        /// It was made again. It may have got the number of the one before.
        var isAnother: Bool { now != was || nowBirth != birth }
    }

    private let session: FoundUndoSession
    /// When the files had been changed last, before the revert; of a session within a guard's,
    /// whose journal is not to be trusted with what its guard's knows.
    private var before: [FileID: FileTime] = [:]
    /// The session of the guard, for one within it.
    private let above: UndoAbove?

    /// Before the revert.
    init(_ tree: UndoTree, _ selection: UndoSelection) {
        session = tree.session
        above = UndoAbove(session)
        guard session.outer != nil else { return }
        for number in selection.nodes {
            guard let path = tree.path(of: number), let found = tree.status(of: path) else {
                continue
            }
            before[FileID(found)] = FileTime(found.changed)
        }
    }

    /// To tell of files of this session whose last change is known.
    init(of session: FoundUndoSession) {
        self.session = session
        above = nil
    }

    /// The revert made a file, which has no name yet.
    func noteMade(_ file: FileID) throws(Errno) { try above?.noteMade(file) }

    // MARK: After a revert

    /// After the revert, before anything is forgotten. Returns what went wrong, in sentences.
    func tell(_ selection: UndoSelection) -> [String] {
        let others = others()
        guard !others.isEmpty else { return [] }
        // What the revert wrote is to be known, also of one that was killed.
        guard let again = try? FoundUndoSession(session.place, within: session.outer),
            let tree = try? UndoTree(again)
        else { return [] }
        let files = selection.nodes.compactMap { Self.file($0, in: tree) }
        return tell(files, to: others) + (above?.tell(selection, in: tree) ?? [])
    }

    /// nil for what is not as the session met it.
    ///
    /// - Parameter number: of a file of before.
    private static func file(_ number: UInt64, in tree: UndoTree) -> File? {
        let knowledge = tree.knowledge
        guard number != UndoTree.root, let node = knowledge.nodes[number], let found = node.changed,
            !knowledge.foreign.contains(number),
            // Of a directory nothing says that it is done.
            node.kind == .directory || !knowledge.reverting.contains(number),
            !knowledge.forgotten.contains(number), !knowledge.settled.contains(number),
            let path = tree.path(of: number), let now = tree.status(of: path),
            UndoTree.isSame(node, now),
            node.kind == .directory || UndoneFile(tree, node).isAsBefore(now)
        else { return nil }
        let first = knowledge.firstFiles[number]
        return File(
            was: first?.file ?? node.file, birth: first?.birth ?? node.birth, found: found,
            now: FileID(now), nowBirth: now.created.map { FileTime($0) },
            changed: FileTime(now.changed), isDirectory: node.kind == .directory)
    }

    func tell(_ files: [File], to others: [UndoAddress]) -> [String] {
        guard !files.isEmpty else { return [] }
        return others.compactMap { address in
            guard let other = try? address.session(), let end = other.end,
                other.root.starts(with: session.root) || session.root.starts(with: other.root)
            else { return nil }
            let records = records(files, for: other, end)
            guard !records.isEmpty else { return nil }
            do throws(Errno) {
                try UndoNotes(other).write(records)
                return nil
            } catch {
                return "Session \(other.name) cannot be told that files are as it left them: "
                    + "\(error)."
            }
        }
    }

    private func records(
        _ files: [File], for other: FoundUndoSession, _ end: FileTime
    ) -> [UndoRecord] {
        let known = Known(other.knowledge)
        // What a session of a guard says of itself says nothing of that guard's.
        let isAbove = session.outer != nil && other.outer == nil
        var records: [UndoRecord] = []
        for file in files {
            guard let found = isAbove && !file.isSeen ? before[file.now] : file.found,
                other.hasLeft(file.was, found, end)
            else { continue }
            if let node = known.node(file.was, file.birth) {
                // It had changed the file before the reverted session met it.
                guard let met = node.changed,
                    found.isAfter(met) || session.knowledge.began.isAfter(end)
                else { continue }
                if file.isAnother, !isAbove {
                    records.append(.remade(node.number, file.now, birth: file.nowBirth))
                }
            }
            if file.isAnother, !isAbove {
                records += known.names(file.was).map { .left($0, file.now) }
            }
            if !file.isDirectory { records.append(.returned(file.now, changed: file.changed)) }
        }
        return records
    }

    /// Sessions by what they know of files.
    private struct Known {
        private var nodes: [UInt64: [UndoNode]] = [:]
        private var left: [UInt64: [UndoEntry]] = [:]

        init(_ knowledge: UndoKnowledge) {
            for node in knowledge.nodes.values { nodes[node.file.inode, default: []].append(node) }
            for (entry, name) in knowledge.names {
                guard case .some(let file?) = name.left else { continue }
                left[file.inode, default: []].append(entry)
            }
        }

        func node(_ file: FileID, _ birth: FileTime?) -> UndoNode? {
            nodes[file.inode]?.first { $0.birth == birth }
        }

        func names(_ file: FileID) -> [UndoEntry] { left[file.inode] ?? [] }
    }

    /// All that may be told. One within a guard knows its guard's and those beside it.
    func others() -> [UndoAddress] {
        let own = session.address
        let store = own.outer?.store ?? own.place.store
        return UndoStore(store).addresses.filter { address in
            guard address != own else { return false }
            guard let outer = own.outer else { return true }
            return address.outer == outer || address.place == outer
        }
    }
}
