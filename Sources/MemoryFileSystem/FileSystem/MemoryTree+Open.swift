import BypassIOProtocol
import IOStack
import SystemPackage

extension MemoryTree {
    /// Finds or makes the file of a create, and counts the open.
    mutating func open(
        _ parameters: CreateParameters, from start: UInt64, for requestor: Requestor
    ) throws(IOFailure) -> (number: UInt64, wasCreated: Bool) {
        let opened = try findOrMake(parameters, from: start, for: requestor)
        nodes[opened.number]?.openCount += 1
        return opened
    }

    private mutating func findOrMake(
        _ parameters: CreateParameters, from start: UInt64, for requestor: Requestor
    ) throws(IOFailure) -> (number: UInt64, wasCreated: Bool) {
        let place = try walk(
            parameters.path, from: start, followLast: !parameters.options.contains(.noFollow))
        if parameters.options.contains(.temporary) {
            guard let parent = place.node, try node(parent).kind == .directory else {
                throw IOFailure(.notADirectory)
            }
            let number = make(
                .regularFile, permissions: parameters.mode & ~parameters.umask,
                requestor: requestor, parent: parent)
            return (number, true)
        }
        if let found = place.node {
            try check(found, parameters)
            return (found, false)
        }
        guard parameters.disposition.mayCreate else { throw IOFailure(.objectNameNotFound) }
        let number = try make(parameters, in: place.directory, for: requestor)
        addName(place.name, of: number, to: place.directory)
        return (number, true)
    }

    private mutating func check(
        _ found: UInt64, _ parameters: CreateParameters
    ) throws(IOFailure) {
        let node = try node(found)
        guard parameters.disposition != .create else { throw IOFailure(.objectNameCollision) }
        switch parameters.kind {
        case .any: break
        case .regularFile:
            guard node.kind != .directory else { throw IOFailure(.fileIsADirectory) }
        case .directory:
            guard node.kind == .directory else { throw IOFailure(.notADirectory) }
        case .symbolicLink, .special: throw IOFailure(.objectNameCollision)
        }
        if node.kind == .directory, parameters.access.contains(.write) {
            throw IOFailure(.fileIsADirectory)
        }
        if parameters.disposition.truncates {
            guard let object = node.object else { throw IOFailure(.fileIsADirectory) }
            try disk.resize(object, to: 0)
            touch(found)
        }
    }

    private mutating func make(
        _ parameters: CreateParameters, in parent: UInt64, for requestor: Requestor
    ) throws(IOFailure) -> UInt64 {
        let kind: FileKind =
            switch parameters.kind {
            case .any, .regularFile: .regularFile
            case .directory: .directory
            case .symbolicLink: .symbolicLink
            case .special: try Self.specialKind(parameters.mode)
            }
        let number = make(
            kind, permissions: parameters.mode & ~parameters.umask, requestor: requestor,
            parent: parent)
        if case .symbolicLink(let target) = parameters.kind { nodes[number]?.target = target }
        if case .special(let device) = parameters.kind { nodes[number]?.deviceNumber = device }
        return number
    }

    /// The type bits of a mode (`S_IFMT`).
    private static func specialKind(_ mode: UInt32) throws(IOFailure) -> FileKind {
        switch mode & 0o170000 {
        case 0o010000: .fifo
        case 0o020000: .characterDevice
        case 0o060000: .blockDevice
        case 0o140000: .socket
        default: throw IOFailure(.invalidParameter)
        }
    }

    mutating func countOut(_ number: UInt64) {
        nodes[number]?.openCount -= 1
        assert(nodes[number].map { $0.openCount >= 0 } ?? true)
        forgetIfUnused(number)
    }

    // MARK: Asking

    func information(_ number: UInt64) throws(IOFailure) -> FileInformation {
        let node = try node(number)
        let size = UInt64(
            node.object.map { disk.size(of: $0) } ?? node.target?.count ?? 0)
        return FileInformation(
            kind: node.kind, id: FileID(device: Self.device, inode: number),
            permissions: node.permissions, linkCount: node.linkCount, userID: node.userID,
            groupID: node.groupID, size: size, allocatedSize: (size + 4095) / 4096 * 4096,
            preferredIOSize: 4096, deviceNumber: node.deviceNumber, accessTime: node.accessTime,
            modificationTime: node.modificationTime, changeTime: node.changeTime,
            birthTime: node.birthTime, attributes: node.attributes)
    }

    /// Without the attributes that BypassIO asks for.
    func status(_ number: UInt64) throws(IOFailure) -> FileInformation {
        var information = try information(number)
        information.attributes = []
        return information
    }

    func entries(
        of number: UInt64, after cookie: UInt64, limit: Int
    ) throws(IOFailure) -> [DirectoryEntry] {
        let directory = try directory(number)
        return directory.entries
            .filter { $0.value.cookie > cookie }
            .sorted { $0.value.cookie < $1.value.cookie }
            .prefix(max(0, limit))
            .map { name, entry in
                DirectoryEntry(
                    name: name, id: FileID(device: Self.device, inode: entry.node),
                    kind: nodes[entry.node]?.kind, cookie: entry.cookie)
            }
    }

    /// No holes are kept: all bytes up to the end are data, and the hole is at the end.
    func size(_ number: UInt64, beyond offset: UInt64) throws(IOFailure) -> UInt64 {
        guard let object = try node(number).object else { throw IOFailure(.invalidParameter) }
        let size = UInt64(disk.size(of: object))
        guard offset < size else { throw IOFailure(errno: .noSuchAddressOrDevice) }
        return size
    }
}

extension MemoryTree {
    /// The path of a node from the root: the path by which it was opened if that still leads there,
    /// otherwise the first path found.
    func path(of number: UInt64, openedAs opened: FilePath) throws(IOFailure) -> String {
        if (try? walk(opened, from: Self.root, followLast: false))?.node == number {
            return opened.string
        }
        var names: [[UInt8]] = []
        var current = number
        while current != Self.root {
            guard let (directory, name) = place(of: current) else {
                throw IOFailure(.objectNameNotFound)
            }
            names.append(name)
            current = directory
        }
        return names.reversed().map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    }

    private func place(of number: UInt64) -> (directory: UInt64, name: [UInt8])? {
        for (directory, node) in nodes {
            let entry = node.directory?.entries.first { $0.value.node == number }
            if let entry { return (directory, entry.key) }
        }
        return nil
    }
}
