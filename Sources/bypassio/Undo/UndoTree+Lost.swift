import IOStack
import LinuxKit
import Minifilters

/// Files of before that are nowhere any more although the session left them somewhere: somebody
/// else moved, replaced or removed them since.
extension UndoTree {
    /// Where the session left such a file; nil for any other.
    func lostPath(of number: UInt64) -> UndoPath? {
        guard number != Self.root, isOld(number), path(of: number) == nil,
            let node = knowledge.nodes[number], node.kind != .directory,
            knowledge.kept[number]?.isHeld != true
        else { return nil }
        // The session left its name alone.
        guard oldNames[number] != nil else { return oldPath(of: number) }
        guard !hasOldData(node) else { return nil }
        let last = order.first { entry in
            guard case .some(let left?) = knowledge.names[entry]?.left else { return false }
            return left.inode == node.file.inode
        }
        return last.flatMap { path(of: $0) } ?? oldPath(of: number)
    }

    /// The file can be made again from what the session kept: where it has lost its last name, what
    /// had not been kept of its data was, too.
    private func hasOldData(_ node: UndoNode) -> Bool {
        guard node.kind == .regularFile, node.size > 0,
            !knowledge.forgotten.contains(node.number)
        else { return true }
        return knowledge.kept[node.number]?.hasData == true
    }
}
