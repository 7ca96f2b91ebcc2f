import BypassIOProtocol
import IOStack
import SystemPackage

extension MemoryTree {
    mutating func apply(
        _ change: FileChange, to number: UInt64, node numberOf: (FileObject) -> UInt64?
    ) throws(IOFailure) {
        switch change {
        case .permissions(let bits):
            nodes[number]?.permissions = bits & 0o7777
            touchMetadata(number)
        case .owner(let userID, let groupID):
            if let userID { nodes[number]?.userID = userID }
            if let groupID { nodes[number]?.groupID = groupID }
            touchMetadata(number)
        case .times(let access, let modification):
            let (access, modification) = (access.map { time($0) }, modification.map { time($0) })
            if let access { nodes[number]?.accessTime = access }
            if let modification { nodes[number]?.modificationTime = modification }
            touchMetadata(number)
        case .endOfFile(let size):
            try disk.resize(try object(number), to: size)
            touch(number)
        case .allocation(let kind, let offset, let length):
            try allocate(kind, number, offset: offset, length: length)
        case .attributes(let set, let cleared):
            nodes[number]?.attributes.formUnion(set)
            nodes[number]?.attributes.subtract(cleared)
            touchMetadata(number)
        case .flags:
            throw .noFileFlags
        case .rename(let from, let to, let target, let flags):
            guard let target = numberOf(target) else { throw IOFailure(.notSameDevice) }
            try rename(
                try Self.checked(from), in: number, to: try Self.checked(to), in: target, flags)
        case .link(let name, let directory):
            guard let directory = numberOf(directory) else { throw IOFailure(.notSameDevice) }
            try link(number, try Self.checked(name), in: directory)
        case .unlink(let name, let isDirectory):
            try unlink(try Self.checked(name), from: number, isDirectory: isDirectory)
        }
    }

    private mutating func time(_ change: FileChange.TimeChange) -> FileTime {
        switch change {
        case .now: now()
        case .to(let time): time
        }
    }

    private func object(_ number: UInt64) throws(IOFailure) -> Int {
        let node = try node(number)
        guard let object = node.object else {
            throw IOFailure(node.kind == .directory ? .fileIsADirectory : .invalidParameter)
        }
        return object
    }

    private mutating func allocate(
        _ kind: FileChange.Allocation, _ number: UInt64, offset: UInt64, length: UInt64
    ) throws(IOFailure) {
        let object = try object(number)
        let limit = UInt64(MemoryDisk.largestObject)
        guard length > 0, offset <= limit, length <= limit - offset else {
            throw IOFailure(length == 0 ? .invalidParameter : .fileTooLarge)
        }
        let size = disk.size(of: object)
        let (first, count) = (Int(offset), Int(length))
        let inside = min(first, size)..<min(first + count, size)
        switch kind {
        case .keepSize: return
        case .extend: try disk.resize(object, to: UInt64(max(size, first + count)))
        case .zeroRange:
            try disk.resize(object, to: UInt64(max(size, first + count)))
            disk.edit(object) { bytes in
                for index in first..<first + count { bytes[index] = 0 }
            }
        case .punchHole, .zeroRangeKeepingSize:
            disk.edit(object) { bytes in
                for index in inside { bytes[index] = 0 }
            }
        case .collapseRange:
            guard first + count < size else { throw IOFailure(.invalidParameter) }
            disk.edit(object) { $0.removeSubrange(inside) }
        case .insertRange:
            guard first < size, size + count <= MemoryDisk.largestObject else {
                throw IOFailure(first < size ? .fileTooLarge : .invalidParameter)
            }
            disk.edit(object) { $0.insert(contentsOf: repeatElement(0, count: count), at: first) }
        }
        touch(number)
    }

    // MARK: Names

    private mutating func link(
        _ number: UInt64, _ name: [UInt8], in directory: UInt64
    ) throws(IOFailure) {
        guard try node(number).kind != .directory else { throw IOFailure(.cannotDelete) }
        let isTaken = try self.directory(directory).entries[name] != nil
        guard !isTaken else { throw IOFailure(.objectNameCollision) }
        addName(name, of: number, to: directory)
    }

    private mutating func unlink(
        _ name: [UInt8], from directory: UInt64, isDirectory: Bool
    ) throws(IOFailure) {
        guard let entry = try self.directory(directory).entries[name] else {
            throw IOFailure(.objectNameNotFound)
        }
        try checkReplaceable(entry.node, asDirectory: isDirectory)
        removeName(name, from: directory)
        forgetIfUnused(entry.node)
    }

    private func checkReplaceable(
        _ number: UInt64, asDirectory isDirectory: Bool
    ) throws(IOFailure) {
        let node = try node(number)
        guard isDirectory == (node.kind == .directory) else {
            throw IOFailure(isDirectory ? .notADirectory : .fileIsADirectory)
        }
        if let directory = node.directory, !directory.entries.isEmpty {
            throw IOFailure(.directoryNotEmpty)
        }
    }

    private mutating func rename(
        _ from: [UInt8], in source: UInt64, to: [UInt8], in target: UInt64,
        _ flags: FileChange.RenameFlags
    ) throws(IOFailure) {
        guard let moved = try directory(source).entries[from]?.node else {
            throw IOFailure(.objectNameNotFound)
        }
        let replaced = try directory(target).entries[to]?.node
        guard !flags.contains(.whiteout), !flags.isSuperset(of: [.noReplace, .exchange]) else {
            throw IOFailure(.invalidParameter)
        }
        if flags.contains(.noReplace), replaced != nil { throw IOFailure(.objectNameCollision) }
        try checkNoLoop(moved, into: target)
        if flags.contains(.exchange) {
            guard let replaced else { throw IOFailure(.objectNameNotFound) }
            try checkNoLoop(replaced, into: source)
            removeName(from, from: source)
            removeName(to, from: target)
            addName(to, of: moved, to: target)
            addName(from, of: replaced, to: source)
            return
        }
        // Two names of one file: POSIX keeps both.
        guard moved != replaced else { return }
        if let replaced {
            try checkReplaceable(replaced, asDirectory: try node(moved).kind == .directory)
            removeName(to, from: target)
        }
        removeName(from, from: source)
        addName(to, of: moved, to: target)
        if let replaced { forgetIfUnused(replaced) }
    }

    /// A directory cannot be moved below itself.
    private func checkNoLoop(_ moved: UInt64, into target: UInt64) throws(IOFailure) {
        var above = target
        while above != Self.root {
            guard above != moved else { throw IOFailure(.invalidParameter) }
            above = try directory(above).parent
        }
    }

    // MARK: Extended attributes

    mutating func changeAttribute(
        _ name: [UInt8], of number: UInt64, _ change: ExtendedAttributeChange
    ) throws(IOFailure) {
        let exists = try node(number).extendedAttributes[name] != nil
        switch change {
        case .set(let value, let mustExist, let mustNotExist):
            if mustExist, !exists { throw IOFailure(errno: .noData) }
            if mustNotExist, exists { throw IOFailure(.objectNameCollision) }
            nodes[number]?.extendedAttributes[name] = value
        case .remove:
            guard exists else { throw IOFailure(errno: .noData) }
            nodes[number]?.extendedAttributes[name] = nil
        }
        touchMetadata(number)
    }
}
