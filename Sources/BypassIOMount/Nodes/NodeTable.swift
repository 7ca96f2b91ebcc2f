internal import FUSE
internal import IOStack
internal import LinuxKit
internal import SystemPackage

/// All files that the kernel knows, by number and by identity.
///
/// A file of the root's own file system has its inode number, so that a handle that a program has
/// stored still leads to it after the kernel has forgotten the file, or the service has restarted.
/// All other files, and a file whose number another node still has, get a number that is never used
/// again, with the highest bit set.
///
/// Lock order: one lock, a leaf; no request is sent under it. A node that falls out of the table is
/// released after the lock, because closing a file runs filters.
final class NodeTable: Sendable {
    struct State {
        var byNumber: [NodeID: Node] = [:]
        var byID: [FileID: Node] = [:]
        var lastNumber = NodeTable.firstOwnNumber
        var cache: DirectoryCache
        /// Files held open because they have no name; cached directories do not count.
        var heldFiles = 0
        /// The most nodes since the tables were made.
        var most = 0
        var order = NodeOrder()
        var isPruning = false

        mutating func add(_ node: Node) {
            byID[node.id]?.record?.isCurrent = false
            byNumber[node.number] = node
            byID[node.id] = node
            let known = byNumber
            order.add(node.number, beside: known.count) { known[$0] != nil }
        }
    }

    let state: Guarded<State>
    let root: Node
    /// nil: nobody takes over if this process dies.
    let recovery: RecoveryTable?
    /// Files that the kernel may know before it is asked to forget the oldest.
    let limit: Int

    private static let firstOwnNumber: UInt64 = 1 << 63

    /// The file that the kernel means by a number that the table does not know; nil if none.
    func identity(of number: NodeID) -> FileID? {
        let inode = number.rawValue
        guard inode > NodeID.root.rawValue, inode < Self.firstOwnNumber else { return nil }
        return FileID(device: root.id.device, inode: inode)
    }

    private func newNumber(for id: FileID, _ state: inout State) -> NodeID {
        if id.device == root.id.device, identity(of: NodeID(id.inode)) != nil,
            state.byNumber[NodeID(id.inode)] == nil
        {
            return NodeID(id.inode)
        }
        state.lastNumber += 1
        recovery?.set(.lastNumber, to: state.lastNumber)
        return NodeID(state.lastNumber)
    }

    /// - Parameters:
    ///   - root: the volume's root, open as long as the table lives.
    ///   - openDirectories: the greatest number of directories that stay open.
    ///   - limit: ``limit``.
    ///   - recovery: where nodes are written down.
    init(
        root held: HeldFile, _ information: FileInformation, openDirectories: Int,
        limit: Int = .max, recovery: RecoveryTable? = nil
    ) {
        self.limit = limit
        self.recovery = recovery
        root = Node(
            number: .root, id: information.id, birthTime: information.birthTime,
            isDirectory: true, parent: nil, name: [])
        root.held = held
        root.lookups = 1
        root.record = NodeRecord(of: root, in: recovery)
        state = Guarded(
            State(
                byNumber: [root.number: root], byID: [root.id: root],
                cache: DirectoryCache(capacity: openDirectories)))
    }

    var count: Int { state.withLock { $0.byNumber.count } }

    /// The number of files held open because they have no name.
    var heldFileCount: Int { state.withLock { $0.heldFiles } }

    /// Throws `ESTALE` for an unknown number.
    func node(_ number: NodeID) throws(IOFailure) -> Node {
        guard let node = state.withLock({ $0.byNumber[number] }) else { throw .staleNode }
        return node
    }

    // MARK: Lookups

    /// The node of a file that was just found by a name; counts a lookup.
    func found(_ information: FileInformation, _ name: [UInt8], in parent: Node) -> Node {
        let isDirectory = information.kind == .directory
        let (node, released) = state.withLock { state -> (Node, HeldFile?) in
            if let node = state.byID[information.id],
                node.isOf(information.id, born: information.birthTime),
                node.isDirectory == isDirectory
            {
                node.countLookup()
                guard node !== root, !node.isNamed(name, in: parent) else { return (node, nil) }
                node.move(to: name, in: parent)
                // The file has a name again, so it need not be held open.
                guard !node.isDirectory, node.held != nil else { return (node, nil) }
                state.heldFiles -= 1
                node.record?.hold(nil)
                return (node, node.held.take())
            }
            let node = Node(
                number: newNumber(for: information.id, &state), id: information.id,
                birthTime: information.birthTime, isDirectory: isDirectory, parent: parent,
                name: name)
            node.lookups = 1
            node.record = NodeRecord(of: node, in: recovery)
            // The earlier file is gone from the disk; its node stays known by its number.
            state.add(node)
            return (node, nil)
        }
        withExtendedLifetime(released) {}
        return node
    }

    /// The node of a file without a name, which `held` keeps open.
    func found(nameless information: FileInformation, held: HeldFile) -> Node {
        state.withLock { state in
            let node = Node(
                number: newNumber(for: information.id, &state), id: information.id,
                birthTime: information.birthTime, isDirectory: false, parent: nil, name: [])
            node.lookups = 1
            node.held = held
            node.record = NodeRecord(of: node, in: recovery)
            node.record?.hold(held)
            state.heldFiles += 1
            state.add(node)
            return node
        }
    }

    /// The node of a file that was just found without a name; counts a lookup.
    func found(numbered information: FileInformation) -> Node {
        let isDirectory = information.kind == .directory
        return state.withLock { state in
            if let node = state.byID[information.id],
                node.isOf(information.id, born: information.birthTime),
                node.isDirectory == isDirectory
            {
                node.countLookup()
                return node
            }
            let node = Node(
                number: newNumber(for: information.id, &state), id: information.id,
                birthTime: information.birthTime, isDirectory: isDirectory, parent: nil, name: [])
            node.lookups = 1
            node.isNumbered = true
            node.record = NodeRecord(of: node, in: recovery)
            state.add(node)
            return node
        }
    }

    /// The kernel forgot `count` lookups.
    func forget(_ number: NodeID, count: UInt64) {
        let (released, hasShrunk) = state.withLock { state -> (Node?, Bool) in
            guard let node = state.byNumber[number], node !== root else { return (nil, false) }
            node.forgetLookups(count)
            guard node.lookups == 0 else { return (nil, false) }
            state.most = max(state.most, state.byNumber.count)
            state.byNumber[number] = nil
            if state.byID[node.id] === node { state.byID[node.id] = nil }
            if node.held != nil, node.cacheSlot == nil { state.heldFiles -= 1 }
            state.cache.remove(node)
            node.record?.isForgotten()
            return (node, state.shrink())
        }
        if hasShrunk { SystemCall.giveBackFreeMemory() }
        guard let released else { return }
        // No lookup finds it any more; children may still need it for their paths.
        let files = state.withLock { _ in (released.held.take(), released.openFile.take()) }
        withExtendedLifetime(files) {}
    }

    /// Forgets everything but the root, as after an unmount.
    func forgetAll() {
        let nodes = state.withLock { state in
            let nodes = Array(state.byNumber.values)
            state.byNumber = [root.number: root]
            state.byID = [root.id: root]
            state.heldFiles = 0
            return nodes
        }
        for node in nodes {
            let files = state.withLock { state in
                state.cache.remove(node)
                return (node.held.take(), node.openFile.take())
            }
            withExtendedLifetime(files) {}
        }
    }

    // MARK: What the kernel knows

    /// The kernel's number of a file; nil if the kernel does not know the file.
    func number(of id: FileID) -> NodeID? {
        state.withLock { $0.byID[id]?.number }
    }

    /// The node of a file; nil if the kernel does not know the file.
    func node(of id: FileID) -> Node? { state.withLock { $0.byID[id] } }

    /// A node and its known name.
    struct KnownName {
        let node: NodeID
        let parent: NodeID?
        let name: [UInt8]
    }

    /// All nodes that have a name.
    var knownNames: [KnownName] {
        state.withLock { state in
            state.byNumber.values.map {
                KnownName(node: $0.number, parent: $0.parent?.number, name: $0.name)
            }
        }
    }

    /// Whether the kernel may keep its list of a directory's entries for another open at `now`. A
    /// list older than `limit` seconds is made anew, if `isRenewed`.
    func keepsListing(of node: Node, at now: Int64, limit: Int64, isRenewed: Bool) -> Bool {
        state.withLock { _ in
            if node.listedAt <= now, now - limit < node.listedAt { return true }
            if isRenewed { node.listedAt = now }
            return false
        }
    }

    // MARK: Names

    /// The node of a file; nil if the kernel does not know the file.
    func known(_ information: FileInformation) -> Node? {
        state.withLock { state in
            guard let node = state.byID[information.id],
                node.isOf(information.id, born: information.birthTime)
            else { return nil }
            return node
        }
    }

    /// The node of an open file; nil if it is not known by this name.
    func known(_ stream: IOStack.Stream, by name: [UInt8], in parent: Node) -> Node? {
        state.withLock { state in
            guard let node = state.byID[stream.id],
                node.isOf(stream.id, born: stream.birthTime), node.isNamed(name, in: parent)
            else { return nil }
            return node
        }
    }

    /// Records the file's new name.
    func renamed(_ node: Node, to name: [UInt8], in parent: Node) {
        state.withLock { _ in
            guard node !== root else { return }
            node.move(to: name, in: parent)
        }
    }

    /// Records that the file lost a name; if that was its known name, `held` keeps it open from now
    /// on.
    func lost(_ node: Node, _ name: [UInt8], in parent: Node, held: HeldFile) {
        let released = state.withLock { state -> HeldFile? in
            guard node.isNamed(name, in: parent), state.byNumber[node.number] != nil else {
                return nil
            }
            node.record?.hold(held)
            node.move(to: [], in: nil)
            if node.held == nil || node.cacheSlot != nil { state.heldFiles += 1 }
            state.cache.remove(node)
            let old = node.held.take()
            node.held = held
            return old
        }
        withExtendedLifetime(released) {}
    }

    // MARK: Files

    /// Ways to reach a node's file.
    enum Place {
        case held(HeldFile)
        case open(FileObject)
        case named([UInt8], in: Node)
        /// By its identity.
        case numbered
    }

    /// The best way to a node's file; throws `ESTALE` if there is none. `byNameOnly` excludes open
    /// handles.
    func place(of node: Node, byNameOnly: Bool = false) throws(IOFailure) -> Place {
        let place = state.withLock { _ -> Place? in
            if let held = node.held {
                node.isUsed = true
                return .held(held)
            }
            if let file = node.openFile, !byNameOnly { return .open(file) }
            if let parent = node.parent { return .named(node.name, in: parent) }
            return node.isNumbered ? .numbered : nil
        }
        guard let place else { throw .staleNode }
        return place
    }

    /// A name below an open directory or below the previous step, and the node behind the name.
    struct Step {
        let name: [UInt8]
        let node: Node
    }

    /// The start of the way to a node.
    enum Start {
        case held(HeldFile)
        /// A node to be opened by its identity.
        case numbered(Node)
    }

    /// The names that lead to a node, the last ones first, and their start. Throws `ESTALE` where a
    /// name on the way is gone, and where parents form a circle: they may for a moment when a
    /// program moves directories behind the mount.
    func way(to node: Node) throws(IOFailure) -> (from: Start, steps: [Step]) {
        var steps: [Step] = []
        var current = node
        // The node at the last power of two; meeting it again proves a circle.
        var mark = node
        while true {
            // Takes the lock for each step, because a client chooses how many there are.
            switch try place(of: current, byNameOnly: true) {
            case .held(let held): return (.held(held), steps)
            case .numbered: return (.numbered(current), steps)
            case .open: throw .staleNode
            case .named(let name, in: let parent):
                steps.append(Step(name: name, node: current))
                guard parent !== mark else { throw .staleNode }
                if steps.count & (steps.count - 1) == 0 { mark = parent }
                current = parent
            }
        }
    }

    /// Keeps a directory open for later; it may displace a directory that was not used lately.
    func keep(_ held: HeldFile, of node: Node) {
        let released = state.withLock { state -> HeldFile? in
            guard node.isDirectory, node.held == nil, state.byNumber[node.number] != nil else {
                return nil
            }
            let evicted = state.cache.insert(node)
            node.held = held
            node.isUsed = true
            return evicted
        }
        withExtendedLifetime(released) {}
    }
}

extension NodeTable.State {
    /// Tables keep their room when entries leave. Once few of many are left, the tables are made
    /// anew: a copy of an eighth at most, so that a forgotten node costs the same on average. True
    /// if they were.
    fileprivate mutating func shrink() -> Bool {
        guard most >= 8192, byNumber.count < most / 8 else { return false }
        most = byNumber.count
        byNumber = Dictionary(uniqueKeysWithValues: byNumber.lazy.map { ($0.key, $0.value) })
        byID = Dictionary(uniqueKeysWithValues: byID.lazy.map { ($0.key, $0.value) })
        return true
    }
}

extension IOFailure {
    /// The kernel then looks the path up again.
    static let staleNode = IOFailure(errno: .staleNFSFileHandle)

    /// For an error of the node's known name: the name may be gone while the file has others, and a
    /// program that used another name must not get ENOENT.
    var ofKnownName: IOFailure {
        errno == .noSuchFileOrDirectory ? .staleNode : self
    }

    /// The same for a name on the way, which may lead to another file now.
    var onTheWay: IOFailure {
        switch errno {
        case .notDirectory, .tooManySymbolicLinkLevels: .staleNode
        default: ofKnownName
        }
    }
}
