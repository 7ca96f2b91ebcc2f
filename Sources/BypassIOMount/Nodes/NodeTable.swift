internal import IOStack
internal import SystemPackage

/// All files that the kernel knows, by number and by identity.
///
/// A file of the root's own file system has its inode number there, so that a handle which somebody
/// keeps leads to it when the kernel has forgotten it, or the service has begun anew. All others,
/// and one whose number another node still has, get a number that is never used again, with the
/// highest bit set.
///
/// Lock order: one lock, a leaf; no request is sent under it. What falls out of the table is
/// released after it, because closing a file runs filters.
final class NodeTable: Sendable {
    struct State {
        var byNumber: [UInt64: Node] = [:]
        var byID: [FileID: Node] = [:]
        var lastNumber = NodeTable.firstOwnNumber
        var cache: DirectoryCache
        /// Files that are held for want of a name; directories in the cache are not among them.
        var heldFiles = 0
    }

    let state: Guarded<State>
    let root: Node

    private static let firstOwnNumber: UInt64 = 1 << 63

    /// Which file the kernel means by a number that the table does not know; nil if none.
    func identity(of number: UInt64) -> FileID? {
        guard number > Node.rootNumber, number < Self.firstOwnNumber else { return nil }
        return FileID(device: root.id.device, inode: number)
    }

    private func newNumber(for id: FileID, _ state: inout State) -> UInt64 {
        if id.device == root.id.device, identity(of: id.inode) != nil,
            state.byNumber[id.inode] == nil
        {
            return id.inode
        }
        state.lastNumber += 1
        return state.lastNumber
    }

    /// - Parameters:
    ///   - root: the volume's root, open for as long as the table lives.
    ///   - openDirectories: kept open at most.
    init(root held: HeldFile, _ information: FileInformation, openDirectories: Int) {
        root = Node(
            number: Node.rootNumber, id: information.id, birthTime: information.birthTime,
            isDirectory: true, parent: nil, name: [])
        root.held = held
        root.lookups = 1
        state = Guarded(
            State(
                byNumber: [root.number: root], byID: [root.id: root],
                cache: DirectoryCache(capacity: openDirectories)))
    }

    var count: Int { state.withLock { $0.byNumber.count } }

    /// Files that the kernel knows and that have no name, open for that reason.
    var heldFileCount: Int { state.withLock { $0.heldFiles } }

    /// `ESTALE` for a number the kernel should not know.
    func node(_ number: UInt64) throws(IOFailure) -> Node {
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
                node.lookups += 1
                guard node !== root, !node.isNamed(name, in: parent) else { return (node, nil) }
                node.parent = parent
                node.name = name
                node.isNumbered = false
                // It has a name again: no need to hold a file for want of one.
                guard !node.isDirectory, node.held != nil else { return (node, nil) }
                state.heldFiles -= 1
                return (node, node.held.take())
            }
            let node = Node(
                number: newNumber(for: information.id, &state), id: information.id,
                birthTime: information.birthTime, isDirectory: isDirectory, parent: parent,
                name: name)
            node.lookups = 1
            state.byNumber[node.number] = node
            // One that was there is gone from the disk; it stays known by its number.
            state.byID[node.id] = node
            return (node, nil)
        }
        withExtendedLifetime(released) {}
        return node
    }

    /// A file without a name: `held` keeps it.
    func found(nameless information: FileInformation, held: HeldFile) -> Node {
        state.withLock { state in
            let node = Node(
                number: newNumber(for: information.id, &state), id: information.id,
                birthTime: information.birthTime, isDirectory: false, parent: nil, name: [])
            node.lookups = 1
            node.held = held
            state.heldFiles += 1
            state.byNumber[node.number] = node
            state.byID[node.id] = node
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
                node.lookups += 1
                return node
            }
            let node = Node(
                number: newNumber(for: information.id, &state), id: information.id,
                birthTime: information.birthTime, isDirectory: isDirectory, parent: nil, name: [])
            node.lookups = 1
            node.isNumbered = true
            state.byNumber[node.number] = node
            state.byID[node.id] = node
            return node
        }
    }

    /// The kernel forgot `count` lookups.
    func forget(_ number: UInt64, count: UInt64) {
        let released = state.withLock { state -> Node? in
            guard let node = state.byNumber[number], node !== root else { return nil }
            node.lookups -= min(node.lookups, count)
            guard node.lookups == 0 else { return nil }
            state.byNumber[number] = nil
            if state.byID[node.id] === node { state.byID[node.id] = nil }
            if node.held != nil, node.cacheSlot == nil { state.heldFiles -= 1 }
            state.cache.remove(node)
            return node
        }
        guard let released else { return }
        // Nobody finds it any more; children may refer to it for their path.
        let files = state.withLock { _ in (released.held.take(), released.openFile.take()) }
        withExtendedLifetime(files) {}
    }

    /// Everything but the root is forgotten, as after an unmount.
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

    /// What the kernel calls a file, if it knows it.
    func number(of id: FileID) -> UInt64? {
        state.withLock { $0.byID[id]?.number }
    }

    /// A node and the name it is known by.
    struct KnownName {
        let node: UInt64
        let parent: UInt64?
        let name: [UInt8]
    }

    /// Everything the kernel knows.
    var knownNames: [KnownName] {
        state.withLock { state in
            state.byNumber.values.map {
                KnownName(node: $0.number, parent: $0.parent?.number, name: $0.name)
            }
        }
    }

    /// Whether the kernel's list of a directory's entries may stay for another opening at `now`:
    /// one that is older than `limit` seconds is made anew, if `isRenewed`.
    func keepsListing(of node: Node, at now: Int64, limit: Int64, isRenewed: Bool) -> Bool {
        state.withLock { _ in
            if node.listedAt <= now, now - limit < node.listedAt { return true }
            if isRenewed { node.listedAt = now }
            return false
        }
    }

    // MARK: Names

    /// The node that a file is known by, if it is.
    func known(_ information: FileInformation) -> Node? {
        state.withLock { state in
            guard let node = state.byID[information.id],
                node.isOf(information.id, born: information.birthTime)
            else { return nil }
            return node
        }
    }

    /// The node that an open file is known by, if it is by this name.
    func known(_ stream: IOStack.Stream, by name: [UInt8], in parent: Node) -> Node? {
        state.withLock { state in
            guard let node = state.byID[stream.id],
                node.isOf(stream.id, born: stream.birthTime), node.isNamed(name, in: parent)
            else { return nil }
            return node
        }
    }

    /// The file has another name now.
    func renamed(_ node: Node, to name: [UInt8], in parent: Node) {
        state.withLock { _ in
            guard node !== root else { return }
            node.parent = parent
            node.name = name
            node.isNumbered = false
        }
    }

    /// The file lost a name; if it was the one it is known by, `held` stands for it from now on.
    func lost(_ node: Node, _ name: [UInt8], in parent: Node, held: HeldFile) {
        let released = state.withLock { state -> HeldFile? in
            guard node.isNamed(name, in: parent), state.byNumber[node.number] != nil else {
                return nil
            }
            node.parent = nil
            node.name = []
            if node.held == nil || node.cacheSlot != nil { state.heldFiles += 1 }
            state.cache.remove(node)
            let old = node.held.take()
            node.held = held
            return old
        }
        withExtendedLifetime(released) {}
    }

    // MARK: Files

    /// Where a node's file can be had.
    enum Place {
        case held(HeldFile)
        case open(FileObject)
        case named([UInt8], in: Node)
        /// By its identity.
        case numbered
    }

    /// The best way to a node's file; `ESTALE` if there is none. With `byNameOnly` an open handle
    /// does not count.
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

    /// A name below a directory that is open or comes before it, and the node behind it.
    struct Step {
        let name: [UInt8]
        let node: Node
    }

    /// Where the way to a node begins.
    enum Start {
        case held(HeldFile)
        /// A node to be opened by its identity.
        case numbered(Node)
    }

    /// The names that lead to a node, the last ones first, and what they start at.
    /// `ESTALE` where a name on the way is gone, and where parents lead round in a circle, as they
    /// may for a moment when somebody moves directories behind the mount's back.
    func way(to node: Node) throws(IOFailure) -> (from: Start, steps: [Step]) {
        var steps: [Step] = []
        var current = node
        // What was met last at a power of two: met again, it is a circle.
        var mark = node
        while true {
            // The lock is taken for each step: a client chooses how many there are.
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

    /// Keeps a directory open for later; one that nobody used lately goes for it.
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

extension IOFailure {
    /// The kernel then looks the path up again.
    static let staleNode = IOFailure(errno: .staleNFSFileHandle)

    /// The name that a node was found by may be gone while the file has others: whoever asked by
    /// one of those must not hear that there is no such file.
    var ofKnownName: IOFailure {
        errno == .noSuchFileOrDirectory ? .staleNode : self
    }

    /// The same of a name on the way, behind which there may be something else now.
    var onTheWay: IOFailure {
        switch errno {
        case .notDirectory, .tooManySymbolicLinkLevels: .staleNode
        default: ofKnownName
        }
    }
}
