import IOStack
import LinuxKit
import Minifilters
import SystemPackage

/// A file of before, as it is now, with what is kept of it.
struct UndoneFile {
    private static let piece = 1 << 20

    let tree: UndoTree
    let node: UndoNode
    /// nil: it has no name, and may be held.
    let path: UndoPath?

    private var kept: UndoKnowledge.Kept {
        tree.knowledge.kept[node.number] ?? UndoKnowledge.Kept()
    }

    init(_ tree: UndoTree, _ node: UndoNode) {
        self.tree = tree
        self.node = node
        path = tree.path(of: node.number)
    }

    var text: String {
        (path ?? tree.oldPath(of: node.number))?.text ?? "file \(node.number) of the session"
    }

    var depth: Int { path?.count ?? 0 }

    var isThere: Bool { (try? place()) != nil }

    /// The file for names and attributes. Throws `ESTALE` for another kind of file, which has come
    /// in its place.
    private func place() throws(Errno) -> OwnedDescriptor {
        let found = try open()
        guard FileKind(try SystemCall.status(of: found.descriptor)) == node.kind else {
            throw .staleNFSFileHandle
        }
        return found
    }

    private func open() throws(Errno) -> OwnedDescriptor {
        guard let path else {
            let held = try UndoPlace.held(in: tree.folder)
            return try SystemCall.open(
                UndoPlace.name(node.number), at: held.descriptor, [.pathOnly, .noFollow])
        }
        guard let name = path.last else {
            return try SystemCall.open(".", at: tree.top.descriptor, [.directory])
        }
        let above = try tree.open(path.dropLast())
        return try SystemCall.open(
            FilePath(bytes: name), at: above.descriptor, [.pathOnly, .noFollow])
    }

    /// By what one question to the file system tells.
    func isAsBefore(_ found: FileStatus) -> Bool {
        found.size == node.size && FileTime(found.modified) == node.modified
            && UInt32(found.mode) & 0o7777 == node.permissions && hasOwner(found)
    }

    func hasOwner(_ found: FileStatus) -> Bool {
        node.user ?? found.user == found.user && node.group ?? found.group == found.group
    }

    // MARK: Data

    /// Some of its data was kept because it was to change.
    var hasOldData: Bool { kept.hasData }

    func restoreData() throws(Errno) {
        guard node.kind == .regularFile else { return }
        let place = try place()
        let size = try SystemCall.status(of: place.descriptor).size
        guard hasOldData || size != node.size else { return }
        if let mode = UndoLoosening.mode(
            of: try SystemCall.status(of: place.descriptor), with: 0o600)
        {
            // Attributes are restored afterwards.
            try SystemCall.changeMode(of: place.descriptor, to: mode)
        }
        let file = try SystemCall.reopen(place.descriptor, [.readWrite])
        try restoreData(to: file.descriptor)
    }

    /// Flags that forbid changes are taken, where the session has changed flags: they are put back
    /// with the attributes.
    func loosen() {
        guard kept.flags != nil, node.kind == .regularFile || node.kind == .directory,
            let place = try? place(),
            let file = try? SystemCall.reopen(place.descriptor, [.readOnly])
        else { return }
        UndoLoosening.takeFlags(of: file.descriptor)
    }

    /// Makes a file that has the present data have the old.
    func restoreData(to file: FileDescriptor) throws(Errno) {
        let kept = kept
        guard !kept.isWhole else { return try restoreWhole(to: file) }
        try SystemCall.truncate(file, to: Int64(clamping: node.size))
        for hole in kept.holes.all { try Self.punch(hole, of: file) }
        guard !kept.data.all.isEmpty else { return }
        let copy = try copy()
        for range in kept.data.all {
            try Self.copy(range, from: copy.descriptor, to: file)
        }
    }

    private func copy() throws(Errno) -> OwnedDescriptor {
        let copies = try UndoPlace.copies(in: tree.folder)
        guard
            let copy = try UndoFiles.open(
                UndoPlace.name(node.number), at: copies.descriptor, .readOnly)
        else { throw .invalidArgument }
        return copy
    }

    private func restoreWhole(to file: FileDescriptor) throws(Errno) {
        let copy = try copy()
        try SystemCall.truncate(file, to: 0)
        do throws(Errno) {
            try SystemCall.clone(copy.descriptor, to: file)
            // What was put behind its end before the clone was made.
            try SystemCall.truncate(file, to: Int64(clamping: node.size))
        } catch {
            try SystemCall.truncate(file, to: Int64(clamping: node.size))
            try Self.copyData(0..<node.size, from: copy.descriptor, to: file)
        }
    }

    private static func punch(_ hole: Range<UInt64>, of file: FileDescriptor) throws(Errno) {
        do throws(Errno) {
            try SystemCall.allocate(
                file, [.punchHole, .keepSize], offset: Int64(clamping: hole.lowerBound),
                length: Int64(hole.count))
        } catch {
            guard error == .notSupportedOnSocket || error == .notSupported else { throw error }
            let zeros = [UInt8](repeating: 0, count: min(hole.count, piece))
            for place in stride(from: hole.lowerBound, to: hole.upperBound, by: piece) {
                let count = Int(min(UInt64(zeros.count), hole.upperBound - place))
                try SystemCall.writeAll(Array(zeros.prefix(count)), to: file, at: Int64(place))
            }
        }
    }

    /// Without holes.
    private static func copyData(
        _ range: Range<UInt64>, from source: FileDescriptor, to file: FileDescriptor
    ) throws(Errno) {
        var place = range.lowerBound
        while place < range.upperBound {
            let start: Int64
            do throws(Errno) {
                start = try SystemCall.seek(source, to: Int64(place), from: .data)
            } catch {
                guard error == .noSuchAddressOrDevice else { throw error }
                return
            }
            guard start < range.upperBound else { return }
            // Whoever changes the source meanwhile cannot lead this back.
            let end = max(try SystemCall.seek(source, to: start, from: .hole), start + 1)
            try copy(UInt64(start)..<min(UInt64(end), range.upperBound), from: source, to: file)
            place = UInt64(end)
        }
    }

    private static func copy(
        _ range: Range<UInt64>, from source: FileDescriptor, to file: FileDescriptor
    ) throws(Errno) {
        var place = range.lowerBound
        var bytes = [UInt8](repeating: 0, count: min(piece, range.count))
        while place < range.upperBound {
            let count = try SystemCall.read(source, into: &bytes, at: Int64(place))
            guard count > 0 else { return }
            let wanted = min(count, Int(range.upperBound - place))
            try SystemCall.writeAll(Array(bytes.prefix(wanted)), to: file, at: Int64(place))
            place += UInt64(wanted)
        }
    }

    /// The present file, by a further name that stays.
    func copyBeside() throws(Errno) {
        guard let path, node.kind == .regularFile else { return }
        let spare = try tree.spare(path)
        guard let name = spare.last else { return }
        let here = try place()
        let source = try SystemCall.reopen(here.descriptor, [.readOnly])
        let status = try SystemCall.status(of: source.descriptor)
        let above = try tree.open(spare.dropLast())
        let file = try SystemCall.open(
            FilePath(bytes: name), at: above.descriptor,
            [.writeOnly, .create, .exclusive, .noFollow], mode: 0o600)
        try SystemCall.truncate(file.descriptor, to: Int64(status.size))
        try Self.copyData(0..<status.size, from: source.descriptor, to: file.descriptor)
        try? SystemCall.changeOwner(of: file.descriptor, user: status.user, group: status.group)
        try SystemCall.changeMode(of: file.descriptor, to: UInt32(status.mode) & 0o7777)
    }

    /// The old data, in a file of its own; nil where it is not kept.
    func writeOldData(to path: FilePath) throws(Errno) -> Bool {
        let target = try SystemCall.open(path, [.readWrite, .create, .truncate], mode: 0o600)
        if !kept.isWhole {
            guard self.path != nil || kept.isHeld else {
                // Nothing but the copy is left.
                guard hasOldData || node.size == 0 else { return false }
                try restoreData(to: target.descriptor)
                return true
            }
            let here = try place()
            let present = try SystemCall.reopen(here.descriptor, [.readOnly])
            let size = try SystemCall.status(of: present.descriptor).size
            try SystemCall.truncate(target.descriptor, to: Int64(size))
            try Self.copyData(0..<size, from: present.descriptor, to: target.descriptor)
        }
        try restoreData(to: target.descriptor)
        return true
    }

    // MARK: Attributes

    /// Owner first, since a new one clears set-id bits; flags last, since they may forbid the rest.
    func restoreAttributes() throws(Errno) {
        let file = try place()
        let descriptor = file.descriptor
        let now = try SystemCall.status(of: descriptor)
        if !hasOwner(now) {
            try SystemCall.changeOwner(of: descriptor, user: node.user, group: node.group)
        }
        if let mode = UndoLoosening.mode(of: now, with: 0o200), hasOtherAttributes {
            try SystemCall.changeMode(of: descriptor, to: mode)
        }
        try restoreExtended(descriptor)
        if node.kind != .symbolicLink {
            try SystemCall.changeMode(of: descriptor, to: node.permissions)
        }
        try SystemCall.changeTimes(
            of: descriptor, accessed: .set(FileStatus.Time(node.accessed)),
            modified: .set(FileStatus.Time(node.modified)))
        if let flags = kept.flags.map({ InodeFlags(rawValue: $0) }) {
            let open = try SystemCall.reopen(descriptor, [.readOnly])
            if try SystemCall.inodeFlags(of: open.descriptor) != flags {
                try SystemCall.setInodeFlags(of: open.descriptor, to: flags)
            }
        }
    }

    var hasOtherAttributes: Bool {
        guard let file = try? place(),
            let names = try? SystemCall.extendedAttributeNames(of: file.descriptor)
        else { return false }
        return names.count != node.attributes.count
            || node.attributes.contains { attribute in
                (try? SystemCall.extendedAttribute(attribute.name, of: file.descriptor))
                    != attribute.value
            }
    }

    private func restoreExtended(_ descriptor: FileDescriptor) throws(Errno) {
        let present = (try? SystemCall.extendedAttributeNames(of: descriptor)) ?? []
        for name in present where !node.attributes.contains(where: { $0.name == name }) {
            try SystemCall.removeExtendedAttribute(name, of: descriptor)
        }
        for attribute in node.attributes {
            let value = try? SystemCall.extendedAttribute(attribute.name, of: descriptor)
            guard value != attribute.value else { continue }
            try SystemCall.setExtendedAttribute(
                attribute.name, of: descriptor, to: attribute.value, .any)
        }
    }
}

extension FileStatus.Time {
    init(_ time: FileTime) { self.init(seconds: time.seconds, nanoseconds: time.nanoseconds) }
}
