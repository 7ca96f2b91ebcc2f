import BypassIOProtocol
import IOStack
import SystemPackage

/// The whole tree of a memory file system. All of it runs under the file system's lock.
struct MemoryTree {
    static let root: UInt64 = 1
    static let device: UInt64 = 0x6D65_6D66
    /// Linux' limit of symbolic links in one walk.
    static let linkLimit = 40
    static let nameLimit = 255

    let disk: MemoryDisk
    var nodes: [UInt64: MemoryNode] = [:]
    private var lastNumber = MemoryTree.root
    /// The tree's clock counts changes, one nanosecond each: the same test sees the same times.
    private var ticks: Int64 = 0

    init(disk: MemoryDisk) {
        self.disk = disk
        let time = FileTime(seconds: 0, nanoseconds: 0)
        nodes[Self.root] = MemoryNode(
            number: Self.root, kind: .directory, permissions: 0o755, userID: 0, groupID: 0,
            linkCount: 2, accessTime: time, modificationTime: time, changeTime: time,
            birthTime: time, directory: MemoryDirectory(parent: Self.root))
    }

    mutating func now() -> FileTime {
        ticks += 1
        return FileTime(
            seconds: ticks / 1_000_000_000, nanoseconds: UInt32(ticks % 1_000_000_000))
    }

    func node(_ number: UInt64) throws(IOFailure) -> MemoryNode {
        guard let node = nodes[number] else { throw IOFailure(.fileDeleted) }
        return node
    }

    func directory(_ number: UInt64) throws(IOFailure) -> MemoryDirectory {
        guard let directory = try node(number).directory else { throw IOFailure(.notADirectory) }
        return directory
    }

    // MARK: Walking

    /// The place that a path leads to.
    struct Place {
        var directory: UInt64
        /// Empty if the path names the directory itself.
        var name: [UInt8]
        /// nil if the name is free.
        var node: UInt64?
    }

    /// Walks `path`. Symbolic links on the way are followed, the last component only with
    /// `followLast`. `..` at the root and absolute links stay on the volume.
    func walk(
        _ path: FilePath, from start: UInt64, followLast: Bool
    ) throws(IOFailure) -> Place {
        var left: [FilePath.Component] = path.components.reversed()
        var current = path.isAbsolute ? Self.root : start
        var links = 0
        while let component = left.popLast() {
            let directory = try directory(current)
            if component.kind == .currentDirectory { continue }
            if component.kind == .parentDirectory {
                current = directory.parent
                continue
            }
            let name = try Self.checked(component)
            guard let found = directory.entries[name]?.node else {
                guard left.isEmpty else { throw IOFailure(.objectPathNotFound) }
                return Place(directory: current, name: name, node: nil)
            }
            if let target = try node(found).target, followLast || !left.isEmpty {
                links += 1
                guard links <= Self.linkLimit else { throw IOFailure(.reparsePointNotResolved) }
                let path = FilePath(String(decoding: target, as: UTF8.self))
                if path.isAbsolute { current = Self.root }
                left += path.components.reversed()
                continue
            }
            if left.isEmpty { return Place(directory: current, name: name, node: found) }
            current = found
        }
        return Place(directory: current, name: [], node: current)
    }

    static func checked(_ component: FilePath.Component) throws(IOFailure) -> [UInt8] {
        let name = Array(component.string.utf8)
        guard component.kind == .regular else { throw IOFailure(.objectNameInvalid) }
        guard name.count <= nameLimit else { throw IOFailure(.nameTooLong) }
        return name
    }

    // MARK: Making

    mutating func make(
        _ kind: FileKind, permissions: UInt32, requestor: Requestor, parent: UInt64
    ) -> UInt64 {
        lastNumber += 1
        let time = now()
        var node = MemoryNode(
            number: lastNumber, kind: kind, permissions: permissions & 0o7777,
            userID: requestor.userID, groupID: requestor.groupID,
            linkCount: kind == .directory ? 1 : 0, accessTime: time, modificationTime: time,
            changeTime: time, birthTime: time)
        switch kind {
        case .regularFile: node.object = disk.makeObject()
        case .directory: node.directory = MemoryDirectory(parent: parent)
        default: break
        }
        nodes[lastNumber] = node
        return lastNumber
    }

    mutating func addName(_ name: [UInt8], of node: UInt64, to directory: UInt64) {
        nodes[directory]?.directory?.add(name, node)
        nodes[node]?.linkCount += 1
        if nodes[node]?.kind == .directory {
            nodes[node]?.directory?.parent = directory
            nodes[directory]?.linkCount += 1
        }
        touch(directory)
        touchMetadata(node)
    }

    mutating func removeName(_ name: [UInt8], from directory: UInt64) {
        guard let entry = nodes[directory]?.directory?.entries.removeValue(forKey: name) else {
            return
        }
        nodes[entry.node]?.linkCount -= 1
        if nodes[entry.node]?.kind == .directory { nodes[directory]?.linkCount -= 1 }
        touch(directory)
        touchMetadata(entry.node)
    }

    /// The content changed.
    mutating func touch(_ number: UInt64) {
        let time = now()
        nodes[number]?.modificationTime = time
        nodes[number]?.changeTime = time
    }

    /// Something other than the content changed.
    mutating func touchMetadata(_ number: UInt64) {
        let time = now()
        nodes[number]?.changeTime = time
    }

    /// Removes a file without names and without opens, and its bytes.
    mutating func forgetIfUnused(_ number: UInt64) {
        guard let node = nodes[number], node.openCount == 0 else { return }
        let names: UInt64 = node.kind == .directory ? 1 : 0
        guard node.linkCount <= names else { return }
        if let object = node.object { disk.removeObject(object) }
        nodes[number] = nil
    }
}

extension MemoryTree {
    enum LockAnswer {
        case done(FileLock?)
        /// Another open holds it.
        case blocked
    }

    mutating func lock(
        _ lock: FileLock, on number: UInt64, by owner: ObjectIdentifier
    ) throws(IOFailure) -> LockAnswer {
        let wanted = HeldLock(lock, owner: owner)
        let inTheWay = try node(number).locks.first { held in
            held.owner != owner && held.overlaps(wanted)
                && (held.isExclusive || wanted.isExclusive)
        }
        if lock.action == .test { return .done(inTheWay?.asFileLock) }
        if lock.kind != .unlock, inTheWay != nil { return .blocked }
        replaceOwn(wanted, on: number)
        if lock.kind != .unlock { nodes[number]?.locks.append(wanted) }
        return .done(nil)
    }

    mutating func dropLocks(of owner: ObjectIdentifier, on number: UInt64) {
        nodes[number]?.locks.removeAll { $0.owner == owner }
    }

    /// Cuts the range out of the owner's own locks.
    private mutating func replaceOwn(_ wanted: HeldLock, on number: UInt64) {
        guard let locks = nodes[number]?.locks else { return }
        nodes[number]?.locks = locks.flatMap { held -> [HeldLock] in
            guard held.owner == wanted.owner, held.overlaps(wanted) else { return [held] }
            var (before, after) = (held, held)
            before.end = wanted.first
            after.first = wanted.end
            return [before, after].filter { $0.first < $0.end }
        }
    }
}
