internal import FUSE
internal import IOStack
internal import LinuxKit
internal import Synchronization

/// The nodes as a service hands them over. No request is under way.
extension NodeTable {
    /// All nodes, and those above them; `nil` for a file without a name that cannot be handed over.
    func records() -> (nodes: [ServiceState.NodeRecord], places: [ObjectIdentifier: UInt32])? {
        state.withLock { state in
            let (nodes, places) = Self.withParents(of: state.byNumber.values, root)
            var records: [ServiceState.NodeRecord] = []
            records.reserveCapacity(nodes.count)
            for node in nodes {
                var record = Self.record(of: node)
                record.parent = node.parent.flatMap { places[ObjectIdentifier($0)] }
                record.isKnown = state.byNumber[node.number] === node
                record.isCurrent = state.byID[node.id] === node
                // A cached directory is opened again by its name.
                if node !== root, node.cacheSlot == nil, let held = node.held {
                    guard let open = held.file.handedOpen else { return nil }
                    record.held = open
                }
                records.append(record)
            }
            return (records, places)
        }
    }

    /// The root first. Nodes that the kernel forgot stay for the paths of those below.
    private static func withParents(
        of known: some Collection<Node>, _ root: Node
    ) -> (nodes: [Node], places: [ObjectIdentifier: UInt32]) {
        var nodes = [root]
        nodes.reserveCapacity(known.count + 1)
        var places: [ObjectIdentifier: UInt32] = [ObjectIdentifier(root): 0]
        places.reserveCapacity(known.count + 1)
        for node in known {
            var next: Node? = node
            while let node = next {
                let place = places[ObjectIdentifier(node), default: UInt32(nodes.count)]
                guard place == nodes.count else { break }
                places[ObjectIdentifier(node)] = place
                nodes.append(node)
                next = node.parent
            }
        }
        return (nodes, places)
    }

    /// Writes nodes that were made anew down for a successor, which comes when all are there.
    private func write(_ nodes: [Node], as records: [ServiceState.NodeRecord]) {
        guard let recovery else { return }
        for (node, record) in zip(nodes, records) where node !== root {
            node.record = NodeRecord(
                of: node, in: recovery, isKnown: record.isKnown, isCurrent: record.isCurrent,
                isNamed: false)
            if let held = node.held { node.record?.hold(held) }
        }
        for node in nodes {
            guard let parent = node.parent else { continue }
            node.record?.name(node.name, in: parent)
        }
    }

    private static func record(of node: Node) -> ServiceState.NodeRecord {
        var record = ServiceState.NodeRecord(
            number: node.number.rawValue, id: node.id, birthTime: node.birthTime)
        record.isDirectory = node.isDirectory
        record.name = node.name
        record.lookups = node.lookups
        record.isNumbered = node.isNumbered
        record.isCacheInDoubt = node.isCacheInDoubt
        record.wasReadIntoCache = node.wasReadIntoCache.load(ordering: .relaxed)
        record.listedAt = node.listedAt
        record.lastWriter = node.lastWriter
        record.capabilityRemover = node.capabilityRemover
        return record
    }

    /// The last number that was made for a file.
    var lastOwnNumber: UInt64 { state.withLock { $0.lastNumber } }

    /// Makes the nodes anew, in a table that has only its root; the nodes by their places.
    ///
    /// - Parameter held: of a file without a name; opened before.
    func restore(
        _ records: [ServiceState.NodeRecord], lastNumber: UInt64, held: [Int: HeldFile]
    ) -> [Node] {
        var nodes: [Node] = []
        nodes.reserveCapacity(records.count)
        for record in records {
            guard !nodes.isEmpty else {
                nodes.append(root)
                continue
            }
            nodes.append(
                Node(
                    number: NodeID(record.number), id: record.id, birthTime: record.birthTime,
                    isDirectory: record.isDirectory, parent: nil, name: record.name))
        }
        state.withLock { state in
            state.lastNumber = max(state.lastNumber, lastNumber)
            state.byNumber.reserveCapacity(records.count)
            state.byID.reserveCapacity(records.count)
            for (place, record) in records.enumerated() {
                let node = nodes[place]
                node.lookups = record.lookups
                node.isCacheInDoubt = record.isCacheInDoubt
                node.wasReadIntoCache.store(record.wasReadIntoCache, ordering: .relaxed)
                node.listedAt = record.listedAt
                guard node !== root else { continue }
                node.parent = record.parent.map { nodes[Int($0)] }
                node.isNumbered = record.isNumbered
                node.lastWriter = record.lastWriter
                node.capabilityRemover = record.capabilityRemover
                if let file = held[place] {
                    node.held = file
                    state.heldFiles += 1
                }
                if record.isKnown {
                    state.byNumber[node.number] = node
                    state.order.add(node.number, beside: records.count) { _ in true }
                }
                if record.isCurrent { state.byID[node.id] = node }
            }
            recovery?.set(.lastNumber, to: state.lastNumber)
            write(nodes, as: records)
        }
        return nodes
    }
}
