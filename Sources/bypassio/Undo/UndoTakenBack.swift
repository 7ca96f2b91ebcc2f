import Foundation
import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// Sessions that have nothing to take back any more.
///
/// Of a session that is at work nothing is forgotten when all its changes are taken back, because
/// its service does not keep the same state again. So a file stands for that, by its time.
enum UndoTakenBack {
    private static let file: FilePath = "taken-back"

    /// All changes of a session that is at work were taken back now.
    static func note(_ session: FoundUndoSession) {
        // What comes from now on has a later stamp.
        let now = KernelClock.files
        while KernelClock.files == now { Thread.sleep(forTimeInterval: 0.001) }
        guard let folder = try? session.place.openFolder() else { return }
        try? SystemCall.unlink(file, at: folder.descriptor)
        _ = try? SystemCall.open(
            file, at: folder.descriptor, [.writeOnly, .create, .exclusive, .noFollow], mode: 0o600)
    }

    /// nil where that has not been.
    static func time(in folder: FileDescriptor) -> FileTime? {
        (try? SystemCall.status(of: file, at: folder, followingLinks: false)).map {
            FileTime($0.changed)
        }
    }

    /// Whether it is still so: names are as before, and no file was changed since.
    static func holds(_ session: FoundUndoSession) -> Bool {
        guard let folder = try? session.place.openFolder(), let time = time(in: folder.descriptor),
            let tree = try? UndoTree(session)
        else { return false }
        let selection = UndoSelection(all: tree)
        guard UndoChanges(tree, selection).all.isEmpty else { return false }
        return selection.nodes.allSatisfy { number in
            guard let node = tree.knowledge.nodes[number], node.kind != .directory else {
                return true
            }
            guard let path = tree.path(of: number), let found = tree.status(of: path) else {
                return false
            }
            return time.isAfter(FileTime(found.changed))
        }
    }

    /// Of a session that has ended, and forgot what was taken back: whether nothing is left.
    static func isAll(of session: FoundUndoSession) -> Bool {
        guard session.knowledge.order.isEmpty, let tree = try? UndoTree(session) else {
            return false
        }
        let selection = UndoSelection(all: tree)
        return selection.nodes.allSatisfy { tree.knowledge.nodes[$0]?.kind == .directory }
            && UndoChanges(tree, selection).all.isEmpty
    }
}
