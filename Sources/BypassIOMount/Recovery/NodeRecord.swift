internal import FUSE
internal import IOStack
internal import LinuxKit

/// A node as it is written down for a successor; it goes with the node.
///
/// The node's members change under the ``NodeTable``'s lock, and so does this.
final class NodeRecord {
    private let table: RecoveryTable
    let place: RecoveryTable.NodePlace
    private var flags: RecoveryTable.NodeFlags

    /// nil without a table.
    ///
    /// - Parameter isNamed: false where the node above may not be written down yet: the name comes
    ///   later.
    init?(
        of node: Node, in table: RecoveryTable?, isKnown: Bool = true, isCurrent: Bool = true,
        isNamed: Bool = true
    ) {
        guard let table else { return nil }
        var flags: RecoveryTable.NodeFlags = []
        if node.isDirectory { flags.insert(.isDirectory) }
        if node.isNumbered { flags.insert(.isNumbered) }
        if node.birthTime != nil { flags.insert(.hasBirth) }
        if isKnown { flags.insert(.isKnown) }
        if isCurrent { flags.insert(.isCurrent) }
        self.table = table
        self.flags = flags
        place = table.add(
            RecoveryTable.Node(
                flags: flags, number: node.number.rawValue, device: node.id.device,
                inode: node.id.inode, birthSeconds: node.birthTime?.seconds ?? 0,
                birthNanoseconds: node.birthTime?.nanoseconds ?? 0, lookups: node.lookups))
        if isNamed, let parent = node.parent { name(node.name, in: parent) }
    }

    deinit { table.remove(node: place) }

    /// The file for which its identity stands.
    var isCurrent: Bool {
        get { flags.contains(.isCurrent) }
        set { set(.isCurrent, newValue) }
    }

    var isNumbered: Bool {
        get { flags.contains(.isNumbered) }
        set { set(.isNumbered, newValue) }
    }

    private func set(_ flag: RecoveryTable.NodeFlags, _ isSet: Bool) {
        guard flags.contains(flag) != isSet else { return }
        if isSet { flags.insert(flag) } else { flags.remove(flag) }
        table.set(flags, of: place)
    }

    /// The kernel does not know it any more; it may be above others.
    func isForgotten() {
        // Its descriptor is closed next.
        table.set(held: nil, of: place)
        flags.subtract([.isKnown, .isCurrent])
        table.set(flags, of: place)
    }

    func count(_ lookups: UInt64) { table.set(lookups: lookups, of: place) }

    /// - Parameter parent: nil: the file has no name.
    func name(_ name: [UInt8], in parent: Node?) {
        table.set(
            name: parent == nil ? [] : name, in: parent?.record?.place ?? .none, of: place)
    }

    /// What keeps a file without a name open.
    func hold(_ held: HeldFile?) {
        guard let held else { return table.set(held: nil, of: place) }
        let open = held.file.handedOpen
        table.set(held: open.map { ($0.descriptor, $0.flags) }, of: place)
    }
}

/// Changes of a node that a successor must know, under the ``NodeTable``'s lock.
extension Node {
    func countLookup() {
        lookups += 1
        record?.count(lookups)
    }

    func forgetLookups(_ count: UInt64) {
        lookups -= min(lookups, count)
        record?.count(lookups)
    }

    /// - Parameter parent: nil: the file has no name.
    func move(to name: [UInt8], in parent: Node?) {
        // The old node above stays until the record leads to the new one.
        record?.name(name, in: parent)
        self.parent = parent
        self.name = name
        isNumbered = false
        record?.isNumbered = false
    }
}
