import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// Names from a directory on.
typealias UndoPath = [[UInt8]]

/// The directory of a session as it is now, seen by what the session knows: where the files of
/// before are, and what is new.
///
/// It belongs to one thread.
final class UndoTree {
    /// Where a file of before is now: names from a directory of before on. Names between the two
    /// are of directories that the session made.
    struct Anchor: Hashable {
        var directory: UInt64
        var names: UndoPath
    }

    static let root: UInt64 = 1

    let session: FoundUndoSession
    let top: OwnedDescriptor
    let folder: OwnedDescriptor
    var knowledge: UndoKnowledge { session.knowledge }
    /// All names by which each file of before was found.
    var anchors: [UInt64: [Anchor]] = [:]
    /// Files that were moved away, to be placed anew.
    var away: Set<UInt64> = []
    /// Directories that are writable for the time of a revert.
    var loosened: [Loosened] = []
    /// Names that the session changed, in that order, in directories of before.
    let order: [UndoEntry]
    /// Names of each directory that the session changed.
    let namesByDirectory: [UInt64: [UndoEntry]]
    /// Names that each file had before, of those that the session changed.
    let oldNames: [UInt64: [UndoEntry]]
    private let byInode: [UInt64: [UInt64]]
    /// Files of before whose old names lead up to the root: a journal may have any circle.
    private var placed: Set<UInt64> = [root]
    /// Files of before.
    private let old: Set<UInt64>

    func isOld(_ number: UInt64) -> Bool { old.contains(number) }

    /// Where files are while they are moved: in the directory itself, by a name that the session
    /// did not touch.
    let awayName: [UInt8]

    /// Throws a ``CommandError`` where the directory is not there.
    init(_ session: FoundUndoSession) throws {
        self.session = session
        let knowledge = session.knowledge
        let old = Self.old(knowledge)
        self.old = old
        order = knowledge.order.filter { old.contains($0.directory) }
        namesByDirectory = Dictionary(grouping: order) { $0.directory }
        oldNames = Dictionary(grouping: order.filter { knowledge.names[$0]?.old != nil }) {
            knowledge.names[$0]?.old ?? 0
        }
        do throws(Errno) {
            top = try session.openRoot()
            folder = try session.place.openFolder()
        } catch {
            throw CommandError(
                .noInput, "\(session.root), which session \(session.name) is about: \(error).")
        }
        awayName = Self.awayName(session)
        var byInode: [UInt64: [UInt64]] = [:]
        for (number, node) in knowledge.nodes where number != Self.root && old.contains(number) {
            byInode[node.file.inode, default: []].append(number)
        }
        self.byInode = byInode
        findPlaced()
        find()
        if mayHaveHiddenNames { findHidden() }
    }

    private static func awayName(_ session: FoundUndoSession) -> [UInt8] {
        var name = Array(".bypassio-undo-\(session.place.name.prefix(100))".utf8)
        while session.knowledge.names[UndoEntry(root, name)] != nil { name += [0x2B] }
        return Array(name.suffix(255))
    }

    /// Files of before. A name that the session changed before it met the file there stands for a
    /// file of its own, of a service of it that was killed, or one that a revert made again.
    private static func old(_ knowledge: UndoKnowledge) -> Set<UInt64> {
        var named: [UInt64: [UInt64]] = [:]
        for (entry, name) in knowledge.names {
            if let old = name.old { named[old, default: []].append(entry.directory) }
        }
        var old: Set<UInt64> = [root]
        // Each is old by its directory, which may have been met later.
        var byDirectory: [UInt64: [UInt64]] = [:]
        for node in knowledge.nodes.values {
            if knowledge.kept[node.number]?.isHeld == true { old.insert(node.number) }
            for directory in named[node.number] ?? [] {
                byDirectory[directory, default: []].append(node.number)
            }
            if let place = node.place, knowledge.names[place] == nil {
                byDirectory[place.directory, default: []].append(node.number)
            }
        }
        var left = Array(old)
        while let directory = left.popLast() {
            for number in byDirectory[directory] ?? [] where old.insert(number).inserted {
                left.append(number)
            }
        }
        return old
    }

    // MARK: Where things are

    private func find() {
        var byPlace: [UInt64: [UndoNode]] = [:]
        for node in knowledge.nodes.values {
            guard let place = node.place, knowledge.names[place] == nil else { continue }
            byPlace[place.directory, default: []].append(node)
        }
        var queue = [Self.root]
        var seen: Set<UInt64> = []
        if let path = status(of: [awayName]), path.isDirectory {
            walk(Anchor(directory: Self.root, names: [awayName]), &queue)
        }
        while let directory = queue.popLast() {
            guard seen.insert(directory).inserted else { continue }
            for node in byPlace[directory] ?? [] {
                guard let name = node.place?.name else { continue }
                look(Anchor(directory: directory, names: [name]), &queue, isNew: false)
            }
            for entry in namesByDirectory[directory] ?? [] {
                look(Anchor(directory: directory, names: [entry.name]), &queue, isNew: true)
            }
        }
    }

    /// A file that has lost a name, and is not held, may have another that the session never met.
    private var mayHaveHiddenNames: Bool {
        knowledge.nodes.values.contains { node in
            node.links > 1 && node.kind != .directory && oldNames[node.number] != nil
                && knowledge.kept[node.number]?.isHeld != true && !isInOtherPlace(node.number)
        }
    }

    /// Looks through all of the tree.
    private func findHidden() {
        var left = [Anchor(directory: Self.root, names: [])]
        var found: [UInt64] = []
        while let next = left.popLast() {
            for name in (try? names(in: next)) ?? [] {
                let anchor = Anchor(directory: next.directory, names: next.names + [name])
                guard let status = status(of: anchor) else { continue }
                let number = number(of: status)
                if status.isDirectory {
                    left.append(number.map { Anchor(directory: $0, names: []) } ?? anchor)
                } else if number != nil {
                    look(anchor, &found, isNew: false)
                }
            }
        }
    }

    private func look(_ anchor: Anchor, _ queue: inout [UInt64], isNew: Bool) {
        guard let found = status(of: anchor) else { return }
        if let number = number(of: found) {
            if anchors[number]?.contains(anchor) != true {
                anchors[number, default: []].append(anchor)
            }
            if found.isDirectory { queue.append(number) }
        } else if isNew, found.isDirectory {
            walk(anchor, &queue)
        }
    }

    /// Looks for files of before in a directory that the session made.
    private func walk(_ anchor: Anchor, _ queue: inout [UInt64]) {
        var left = [anchor]
        while let next = left.popLast() {
            for name in (try? names(in: next)) ?? [] {
                let anchor = Anchor(directory: next.directory, names: next.names + [name])
                guard let found = status(of: anchor) else { continue }
                if number(of: found) != nil {
                    look(anchor, &queue, isNew: false)
                } else if found.isDirectory {
                    left.append(anchor)
                }
            }
        }
    }

    /// The file of before that this is.
    func number(of found: FileStatus) -> UInt64? {
        byInode[found.inode]?.first { number in
            guard let node = knowledge.nodes[number] else { return false }
            return Self.isSame(node, found)
        }
    }

    func number(ofInode inode: UInt64) -> UInt64? { byInode[inode]?.first }

    static func isSame(_ node: UndoNode, _ found: FileStatus) -> Bool {
        guard node.file.inode == found.inode, node.kind == FileKind(found) else { return false }
        guard let birth = node.birth, let created = found.created else { return true }
        return birth.seconds == created.seconds && birth.nanoseconds == created.nanoseconds
    }

    /// Names from the root on; nil for what is nowhere.
    func path(of number: UInt64) -> UndoPath? {
        var names: UndoPath = []
        var next = number
        // No directory is below itself.
        for _ in 0...knowledge.nodes.count {
            if next == Self.root { return names }
            if away.contains(next) { return [awayName, Array("\(next)".utf8)] + names }
            guard let anchor = anchors[next]?.first else { return nil }
            names = anchor.names + names
            next = anchor.directory
        }
        return nil
    }

    func path(of anchor: Anchor) -> UndoPath? {
        path(of: anchor.directory).map { $0 + anchor.names }
    }

    func path(of entry: UndoEntry) -> UndoPath? {
        path(of: entry.directory).map { $0 + [entry.name] }
    }

    /// Before the session; nil for what had no name.
    func oldPath(of number: UInt64) -> UndoPath? {
        guard placed.contains(number) else { return nil }
        var names: UndoPath = []
        var next = number
        while next != Self.root {
            guard let place = oldNames[next]?.first ?? oldPlace(of: next) else { return nil }
            names.append(place.name)
            next = place.directory
        }
        return names.reversed()
    }

    private func findPlaced() {
        var below: [UInt64: [UInt64]] = [:]
        for number in knowledge.nodes.keys {
            guard let place = oldNames[number]?.first ?? oldPlace(of: number) else { continue }
            below[place.directory, default: []].append(number)
        }
        var left = [Self.root]
        while let directory = left.popLast() {
            for number in below[directory] ?? [] where placed.insert(number).inserted {
                left.append(number)
            }
        }
    }

    private func oldPlace(of number: UInt64) -> UndoEntry? {
        guard let place = knowledge.nodes[number]?.place, knowledge.names[place] == nil else {
            return nil
        }
        return place
    }

    func oldPath(of entry: UndoEntry) -> UndoPath? {
        oldPath(of: entry.directory).map { $0 + [entry.name] }
    }

    /// The file has one of the names that it had before.
    func isInOtherPlace(_ number: UInt64) -> Bool {
        (anchors[number] ?? []).contains { anchor in
            guard let first = anchor.names.first else { return false }
            let name = knowledge.names[UndoEntry(anchor.directory, first)]
            return name == nil || (anchor.names.count == 1 && name?.old == number)
        }
    }

    /// A name of the file may go without the file.
    func mayGo(_ number: UInt64) -> Bool {
        guard knowledge.nodes[number]?.kind != .directory else { return false }
        return away.contains(number) || knowledge.kept[number]?.isHeld == true
            || isInOtherPlace(number)
    }

    // MARK: Calls

    /// Bytes of a path that the kernel walks at a time; it takes fewer than 4096.
    private static let walked = 3000

    /// A directory, never through a link. Any depth: the kernel gets some of the names at a time.
    func open(_ path: UndoPath) throws(Errno) -> OwnedDescriptor {
        try Self.open(path, beneath: top.descriptor)
    }

    static func open(
        _ path: UndoPath, beneath top: FileDescriptor
    ) throws(Errno) -> OwnedDescriptor {
        var here = try SystemCall.open(".", at: top, [.directory])
        var names = path[...]
        while !names.isEmpty {
            var step: [UInt8] = []
            while let name = names.first, step.isEmpty || step.count + name.count < walked {
                step += name + [UInt8(ascii: "/")]
                names.removeFirst()
            }
            here = try SystemCall.open(
                FilePath(bytes: step), beneath: here.descriptor, [.directory, .noFollow],
                resolve: .noSymbolicLinks)
        }
        return here
    }

    func names(in anchor: Anchor) throws(Errno) -> UndoPath {
        guard let path = path(of: anchor) else { throw .noSuchFileOrDirectory }
        let directory = try open(path)
        return try SystemCall.names(in: directory.descriptor)
    }

    func status(of anchor: Anchor) -> FileStatus? { path(of: anchor).flatMap { status(of: $0) } }

    func status(of entry: UndoEntry) -> FileStatus? { path(of: entry).flatMap { status(of: $0) } }

    func status(of path: UndoPath) -> FileStatus? {
        guard let name = path.last, let above = try? open(path.dropLast()) else { return nil }
        return try? SystemCall.status(
            of: FilePath(bytes: name), at: above.descriptor, followingLinks: false)
    }

    func directoryStatus(of entry: UndoEntry) -> FileStatus? {
        guard let path = path(of: entry.directory), let directory = try? open(path) else {
            return nil
        }
        return try? SystemCall.status(of: directory.descriptor)
    }

    /// The name means that file.
    func isInPlace(_ number: UInt64, _ entry: UndoEntry) -> Bool {
        guard let found = status(of: entry), let node = knowledge.nodes[number] else {
            return false
        }
        return Self.isSame(node, found)
    }
}

extension FileKind {
    init(_ status: FileStatus) {
        self =
            switch UInt32(status.mode) & 0o170000 {
            case 0o040000: .directory
            case 0o120000: .symbolicLink
            case 0o010000: .fifo
            case 0o140000: .socket
            case 0o020000: .characterDevice
            case 0o060000: .blockDevice
            default: .regularFile
            }
    }

    var isDevice: Bool { self == .characterDevice || self == .blockDevice }

    /// The type bits of a mode.
    var bits: UInt32 {
        switch self {
        case .directory: 0o040000
        case .symbolicLink: 0o120000
        case .fifo: 0o010000
        case .socket: 0o140000
        case .characterDevice: 0o020000
        case .blockDevice: 0o060000
        case .regularFile: 0o100000
        }
    }
}

extension UndoPath {
    /// As people write it; what is no UTF-8 is shown as U+FFFD.
    var text: String {
        isEmpty ? "." : map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    }
}
