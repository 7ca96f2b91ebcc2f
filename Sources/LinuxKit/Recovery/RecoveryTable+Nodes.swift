internal import CKernelABI

extension RecoveryTable {
    /// The place of a node; the rest of the calls does nothing with ``none``.
    package struct NodePlace: Sendable, Hashable {
        package let rawValue: UInt32
        package init(_ rawValue: UInt32) { self.rawValue = rawValue }
        package static let none = NodePlace(0)
    }

    package struct NodeFlags: OptionSet, Sendable, Hashable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let isDirectory = NodeFlags(rawValue: 1 << 1)
        /// The kernel knows it by its number.
        package static let isKnown = NodeFlags(rawValue: 1 << 2)
        /// It is the file that its identity stands for.
        package static let isCurrent = NodeFlags(rawValue: 1 << 3)
        package static let isNumbered = NodeFlags(rawValue: 1 << 4)
        package static let hasBirth = NodeFlags(rawValue: 1 << 5)
    }

    /// A file that the kernel knows, or above such a file.
    package struct Node: Sendable, Hashable {
        package var flags: NodeFlags
        package var number: UInt64
        package var device: UInt64
        package var inode: UInt64
        package var birthSeconds: Int64
        package var birthNanoseconds: UInt32
        package var lookups: UInt64
        /// Of a file that is held open because it has no name: the descriptor and its flags.
        package var held: (descriptor: Int32, flags: Int32)? {
            heldNumber == 0 ? nil : (Int32(heldNumber) - 1, heldFlags)
        }
        private var heldNumber: UInt32 = 0
        private var heldFlags: Int32 = 0

        package init(
            flags: NodeFlags, number: UInt64, device: UInt64, inode: UInt64, birthSeconds: Int64,
            birthNanoseconds: UInt32, lookups: UInt64
        ) {
            self.flags = flags
            self.number = number
            self.device = device
            self.inode = inode
            self.birthSeconds = birthSeconds
            self.birthNanoseconds = birthNanoseconds
            self.lookups = lookups
        }

        fileprivate init(_ copy: bpio_table_node) {
            self.init(
                flags: NodeFlags(rawValue: copy.state & ~1), number: copy.number,
                device: copy.device, inode: copy.inode, birthSeconds: copy.birth_seconds,
                birthNanoseconds: copy.birth_nanoseconds, lookups: copy.lookups)
            heldNumber = copy.held > UInt32(Int32.max) ? 0 : copy.held
            heldFlags = Int32(bitPattern: copy.held_flags)
        }
    }

    /// Writes a node down, without its name; ``NodePlace/none`` without room.
    package func add(_ node: Node) -> NodePlace {
        var copy = bpio_table_node()
        copy.state = node.flags.rawValue
        copy.number = node.number
        copy.device = node.device
        copy.inode = node.inode
        copy.birth_seconds = node.birthSeconds
        copy.birth_nanoseconds = node.birthNanoseconds
        copy.lookups = node.lookups
        return NodePlace(unsafe bpio_table_add_node(table, &copy))
    }

    /// The place may be another node's from now on. Any thread.
    package func remove(node: NodePlace) { unsafe bpio_table_remove_node(table, node.rawValue) }

    package func set(_ flags: NodeFlags, of node: NodePlace) {
        unsafe bpio_table_set_node_state(table, node.rawValue, flags.rawValue)
    }

    package func set(lookups: UInt64, of node: NodePlace) {
        unsafe bpio_table_set_lookups(table, node.rawValue, lookups)
    }

    /// The descriptor that holds a file without a name; nil: none does.
    package func set(held: (descriptor: Int32, flags: Int32)?, of node: NodePlace) {
        unsafe bpio_table_set_held(
            table, node.rawValue, held?.descriptor ?? -1, held?.flags ?? 0)
    }

    /// The node's name and the node above it; an empty name: it has none.
    package func set(name: [UInt8], in parent: NodePlace, of node: NodePlace) {
        unsafe name.withUnsafeBufferPointer { name in
            unsafe bpio_table_set_name(
                table, node.rawValue, parent.rawValue, name.baseAddress, name.count)
        }
    }

    // MARK: The successor

    /// Every place below this may have a node.
    package var nodePlaces: Range<UInt32> {
        1..<max(1, unsafe bpio_table_node_count(table))
    }

    package func node(_ place: NodePlace) -> Node? {
        var copy = bpio_table_node()
        guard unsafe bpio_table_node(table, place.rawValue, &copy) != 0 else { return nil }
        return Node(copy)
    }

    package func name(of place: NodePlace) -> (name: [UInt8], parent: NodePlace)? {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(BPIO_TABLE_NAME)) {
            room in
            var parent: UInt32 = 0
            guard let start = room.baseAddress else { return nil }
            let length = unsafe bpio_table_name(table, place.rawValue, &parent, start)
            guard length > 0 else { return nil }
            return unsafe (Array(room.prefix(Int(length))), NodePlace(parent))
        }
    }
}
