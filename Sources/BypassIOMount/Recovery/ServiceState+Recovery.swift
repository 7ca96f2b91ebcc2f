internal import FUSE
internal import IOStack
package import LinuxKit
internal import SystemPackage

/// The state of a service that has died, from its table.
extension ServiceState {
    /// What the table says, with the descriptors that this process inherited.
    package init(recovering table: RecoveryTable) throws(Malformed) {
        try self.init(table.noted)
        lastNumber = max(lastNumber, table[.lastNumber])
        leavesAccessTime = table[.leavesAccessTime] != 0
        let places = try takeNodes(of: table)
        let doors = table.doors
        var unused = takeHandles(of: table, places, doors)
        unused.formUnion(takeGates(of: table, doors))
        // What is left out may share its descriptor with what is taken.
        for descriptor in unused.subtracting(descriptors) where descriptor >= 0 {
            _ = OwnedDescriptor(owning: FileDescriptor(rawValue: descriptor))
        }
    }

    /// Of the table's places those in ``nodes``. An array, because each node is asked for.
    private struct Places {
        private var places: [UInt32]

        init(count: Int) { places = [UInt32](repeating: .max, count: count) }

        subscript(place: RecoveryTable.NodePlace) -> UInt32? {
            get {
                let number = Int(place.rawValue)
                guard number < places.count, places[number] != .max else { return nil }
                return places[number]
            }
            set {
                let number = Int(place.rawValue)
                if number < places.count { places[number] = newValue ?? .max }
            }
        }
    }

    private mutating func takeNodes(of table: RecoveryTable) throws(Malformed) -> Places {
        var places = Places(count: Int(table.nodePlaces.upperBound))
        var found: [(place: RecoveryTable.NodePlace, node: RecoveryTable.Node)] = []
        found.reserveCapacity(table.nodePlaces.count)
        for number in table.nodePlaces {
            let place = RecoveryTable.NodePlace(number)
            guard let node = table.node(place) else { continue }
            if node.number == NodeID.root.rawValue {
                found.insert((place, node), at: 0)
            } else {
                found.append((place, node))
            }
        }
        guard found.first?.node.number == NodeID.root.rawValue else {
            throw Malformed(description: "its root is missing")
        }
        for (index, entry) in found.enumerated() { places[entry.place] = UInt32(index) }
        nodes = found.map { place, node in
            var record = NodeRecord(node)
            if let (name, parent) = table.name(of: place), let above = places[parent] {
                record.name = name
                record.parent = above
            }
            return record
        }
        return places
    }

    /// Returns the descriptors of handles that are left out. They were inherited like all others.
    private mutating func takeHandles(
        of table: RecoveryTable, _ places: Places, _ doors: [Int32: RecoveryTable.Door]
    ) -> Set<Int32> {
        var unused: Set<Int32> = []
        var known: [Int32: UInt32] = [:]
        let begun = Set(table.requests.filter { $0.reply == nil }.map(\.unique))
        handles = []
        generations = []
        for place in table.handlePlaces {
            guard let handle = table.handle(at: place) else { continue }
            generations.append(max(1, handle.generation))
            guard handle.flags.contains(.isThere), !handle.flags.contains(.isLost) else { continue }
            // The kernel never heard of one whose open has no reply.
            guard !begun.contains(RequestID(handle.opener).original),
                let node = places[handle.node]
            else {
                unused.insert(handle.descriptor)
                continue
            }
            var record = record(of: handle, at: place, node)
            if let number = handle.door {
                guard let door = doors[number] else {
                    unused.insert(handle.descriptor)
                    continue
                }
                let place = known[number] ?? UInt32(self.doors.count)
                if place == self.doors.count { self.doors.append(HandedDoor(door, at: number)) }
                known[number] = place
                self.doors[Int(place)].gate?.opens += 1
                record.kernelReads = KernelReadRecord(
                    door: place,
                    open: ExpectedOpen(
                        thread: UInt32(bitPattern: handle.processID), number: handle.open))
            }
            handles.append(record)
        }
        return unused
    }

    private func record(
        of handle: RecoveryTable.Handle, at place: Int, _ node: UInt32
    ) -> HandleRecord {
        var record = HandleRecord(
            place: UInt32(clamping: place), node: node,
            open: HandedOpen(
                descriptor: handle.descriptor, flags: handle.openFlags,
                isShared: handle.flags.contains(.isShared)),
            path: path(of: node), access: handle.access)
        record.isNonCached = handle.flags.contains(.isNonCached)
        record.isUser = handle.flags.contains(.isUser)
        record.isAdministrator = handle.flags.contains(.isAdministrator)
        record.userID = handle.userID
        record.groupID = handle.groupID
        record.processID = handle.processID
        record.needsWriteBack = handle.flags.contains(.needsWriteBack)
        record.mayTakeTwo = handle.flags.contains(.mayTakeTwo)
        record.usesCache = handle.flags.contains(.usesCache)
        record.writesDirectly = handle.flags.contains(.writesDirectly)
        if handle.flags.contains(.isDecided) {
            let backing = handle.backing
            record.way =
                handle.door != nil
                ? .kernel(backing) : backing != 0 ? .pastCache(backing) : .cached
        }
        record.hasBypass = handle.state.contains(.hasBypass)
        record.isPaused = handle.state.contains(.isPaused)
        record.isMapped = handle.state.contains(.isMapped)
        // The path is by the names of now, of which the file may have got one.
        record.isNameless =
            handle.flags.contains(.isNameless) && nodes[Int(node)].parent == nil
        return record
    }

    /// The path by which a file is known now.
    private func path(of node: UInt32) -> String {
        var steps: [UInt32] = []
        var next: UInt32? = node
        while let place = next, steps.count < nodes.count {
            if nodes[Int(place)].parent != nil { steps.append(place) }
            next = nodes[Int(place)].parent
        }
        var path: [UInt8] = []
        for place in steps.reversed() {
            if !path.isEmpty { path.append(UInt8(ascii: "/")) }
            path.append(contentsOf: nodes[Int(place)].name)
        }
        return String(decoding: path, as: UTF8.self)
    }
}

extension ServiceState.NodeRecord {
    /// What the table does not say is as it costs most: the kernel's pages of the file are in
    /// doubt.
    fileprivate init(_ node: RecoveryTable.Node) {
        self.init(
            number: node.number, id: FileID(device: node.device, inode: node.inode),
            birthTime: node.flags.contains(.hasBirth)
                ? FileTime(seconds: node.birthSeconds, nanoseconds: node.birthNanoseconds) : nil)
        isDirectory = node.flags.contains(.isDirectory)
        lookups = node.lookups
        isKnown = node.flags.contains(.isKnown)
        isCurrent = node.flags.contains(.isCurrent)
        isNumbered = node.flags.contains(.isNumbered)
        isCacheInDoubt = !isDirectory
        wasReadIntoCache = !isDirectory
        held = node.held.map {
            HandedOpen(descriptor: $0.descriptor, flags: $0.flags, isShared: false)
        }
    }
}
