package import IOStack

/// A name in a directory that the session changed.
package struct UndoEntry: Sendable, Hashable {
    /// The directory's number in the session.
    package let directory: UInt64
    package let name: [UInt8]

    package init(_ directory: UInt64, _ name: [UInt8]) {
        self.directory = directory
        self.name = name
    }
}

/// A file, directory or link as it was before the session changed it, all but its data.
package struct UndoNode: Sendable, Equatable {
    /// In the session. The root's is 1.
    package var number: UInt64
    package var file: FileID
    /// Tells the file from a later one with the same identity.
    package var birth: FileTime?
    package var kind: FileKind
    package var permissions: UInt32
    /// nil: a user whom the session's service has no number for.
    package var user: UInt32?
    package var group: UInt32?
    /// In bytes.
    package var size: UInt64
    package var accessed: FileTime
    package var modified: FileTime
    /// When the file was changed last before the session met it; nil in journals of before.
    package var changed: FileTime?
    /// The number of a device node.
    package var device: UInt64
    package var links: UInt64
    /// A name by which it was found then; nil for the root, and where none was found.
    package var place: UndoEntry?
    package var attributes: [Attribute] = []
    /// The bytes that a symbolic link holds.
    package var target: [UInt8]?

    /// An extended attribute.
    package struct Attribute: Sendable, Equatable {
        package var name: [UInt8]
        package var value: [UInt8]

        package init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    package init(_ number: UInt64, _ found: FileInformation, place: UndoEntry?) {
        self.number = number
        file = found.id
        birth = found.birthTime
        kind = found.kind
        permissions = found.permissions
        user = found.userID
        group = found.groupID
        size = found.size
        accessed = found.accessTime
        modified = found.modificationTime
        changed = found.changeTime
        device = found.deviceNumber
        links = found.linkCount
        self.place = place
    }
}

/// Numbers of users or groups as the service of a session has them, in a user namespace, and as
/// those who read the session do.
package struct UndoIDs: Sendable, Equatable {
    package var inside: UInt32
    package var outside: UInt32
    package var count: UInt32

    package init(inside: UInt32, outside: UInt32, count: UInt32) {
        (self.inside, self.outside, self.count) = (inside, outside, count)
    }

    /// nil for a number that stands for anybody; without ranges each is itself.
    static func outside(_ number: UInt32, _ ranges: [UndoIDs]) -> UInt32? {
        guard !ranges.isEmpty else { return number }
        guard
            let range = ranges.first(where: {
                number >= $0.inside && number - $0.inside < $0.count
            })
        else { return nil }
        return range.outside &+ (number - range.inside)
    }
}

/// What the journal of a session says, in the order in which it was written. A record is there
/// before the change that it is about.
package enum UndoRecord: Sendable, Equatable {
    /// The first: the root directory's path, when the session began, and which users and groups
    /// its numbers mean.
    case begun(root: [UInt8], FileTime, users: [UndoIDs], groups: [UndoIDs])
    case node(UndoNode)
    /// What a name meant before its first change; nil: nothing.
    case entry(UndoEntry, old: UInt64?)
    /// Old data that lies in the file's copy at the same place; of a hole nothing lies there.
    case kept(UInt64, offset: UInt64, length: UInt64, isHole: Bool)
    /// The file's copy has all its old data, holes included.
    case whole(UInt64)
    /// The session's folder has a further name of the file itself.
    case held(UInt64)
    /// `FS_*_FL` bits before their first change.
    case flags(UInt64, UInt32)
    /// What a name means after the session's last change of it; nil: nothing.
    case left(UndoEntry, FileID?)
    /// The name's old meaning is kept no more.
    case forgottenEntry(UndoEntry)
    /// The file's old state is not kept, because there was no room.
    case forgottenNode(UInt64)
    /// The file's old state was taken back, or is not wanted any more.
    case settledNode(UInt64)
    /// The session went on no longer.
    case ended(FileTime)
    /// A revert made a file of before again, or is about to give it its name: it is this one now.
    case remade(UInt64, FileID, birth: FileTime?)
    /// A revert changes the file (true), or has done so.
    case reverting(UInt64, Bool)
    /// A revert takes away what the name means, or moves it aside.
    case clearing(UndoEntry)
    /// A revert takes a name of a file that the session made; it may have others.
    case unlinking(FileID)
    /// A revert with `--force` met a file that somebody else had changed: what the session kept of
    /// it is not all that is needed.
    case foreign(UInt64)
    /// A revert of another session left the file as this one had left it, at that time of its last
    /// change.
    case returned(FileID, changed: FileTime)
    /// A revert of a session within this one made the file.
    case madeWithin(FileID)
    /// The session's own name of a file is about to be taken, which is the last change of the file
    /// that other sessions are to hear of.
    case releasing(UndoReleasedFile)
    /// They have heard of all of them.
    case released
}

extension UndoRecord {
    /// The session has met a file.
    package var isOfFile: Bool {
        if case .node = self { true } else { false }
    }

    private static let version: UInt8 = 1
    /// The largest size of a file that the kernel knows, in bytes; numbers end there, too.
    static let largest = UInt64(Int64.max)

    /// Without its frame.
    func write(to writer: inout StateWriter) {
        switch self {
        case .begun(let root, let time, let users, let groups):
            writer.byte(1)
            writer.byte(Self.version)
            writer.text(root)
            writer.time(time)
            writer.identities(users)
            writer.identities(groups)
        case .node(let node):
            writer.byte(node.changed == nil ? 2 : 17)
            node.write(to: &writer)
            if let changed = node.changed { writer.time(changed) }
        case .entry(let entry, let old):
            writer.byte(3)
            writer.entry(entry)
            writer.optional(old) { $0.long($1) }
        case .kept(let number, let offset, let length, let isHole):
            writer.byte(4)
            for value in [number, offset, length] { writer.long(value) }
            writer.flag(isHole)
        case .whole(let number): writer.number(5, number)
        case .held(let number): writer.number(6, number)
        case .flags(let number, let bits):
            writer.number(7, number)
            writer.word(bits)
        case .left(let entry, let file):
            writer.byte(8)
            writer.entry(entry)
            writer.optional(file) { $0.file($1) }
        case .forgottenEntry(let entry):
            writer.byte(9)
            writer.entry(entry)
        case .forgottenNode(let number): writer.number(10, number)
        case .settledNode(let number): writer.number(12, number)
        case .ended(let time):
            writer.byte(11)
            writer.time(time)
        case .remade(let number, let file, let birth):
            writer.number(13, number)
            writer.file(file)
            writer.optional(birth) { $0.time($1) }
        case .reverting(let number, let isSo):
            writer.number(14, number)
            writer.flag(isSo)
        case .clearing(let entry):
            writer.byte(15)
            writer.entry(entry)
        case .unlinking(let file):
            writer.byte(16)
            writer.file(file)
        case .foreign(let number): writer.number(18, number)
        case .returned(let file, let changed):
            writer.byte(19)
            writer.file(file)
            writer.time(changed)
        case .madeWithin(let file):
            writer.byte(20)
            writer.file(file)
        case .releasing(let file):
            writer.byte(21)
            file.write(to: &writer)
        case .released: writer.byte(22)
        }
    }

    init(_ reader: inout StateReader) throws(StateReader.Malformed) {
        switch try reader.byte() {
        case 1:
            guard try reader.byte() == Self.version else { throw StateReader.Malformed() }
            self = .begun(
                root: try reader.path(), try reader.time(), users: try reader.identities(),
                groups: try reader.identities())
        case 2: self = .node(try UndoNode(&reader))
        case 3:
            let entry = try reader.entry()
            self = .entry(entry, old: try reader.flag() ? try reader.number() : nil)
        case 4:
            let (number, offset, length) = (
                try reader.number(), try reader.size(), try reader.size()
            )
            // Both are no more than half of what fits.
            guard offset + length <= UndoRecord.largest else { throw StateReader.Malformed() }
            self = .kept(number, offset: offset, length: length, isHole: try reader.flag())
        case 5: self = .whole(try reader.number())
        case 6: self = .held(try reader.number())
        case 7: self = .flags(try reader.number(), try reader.word())
        case 8:
            let entry = try reader.entry()
            self = .left(entry, try reader.flag() ? try reader.file() : nil)
        case 9: self = .forgottenEntry(try reader.entry())
        case 10: self = .forgottenNode(try reader.number())
        case 11: self = .ended(try reader.time())
        case 12: self = .settledNode(try reader.number())
        case 13:
            let (number, file) = (try reader.number(), try reader.file())
            self = .remade(number, file, birth: try reader.flag() ? try reader.time() : nil)
        case 14: self = .reverting(try reader.number(), try reader.flag())
        case 15: self = .clearing(try reader.entry())
        case 16: self = .unlinking(try reader.file())
        case 17:
            var node = try UndoNode(&reader)
            node.changed = try reader.time()
            self = .node(node)
        case 18: self = .foreign(try reader.number())
        case 19: self = .returned(try reader.file(), changed: try reader.time())
        case 20: self = .madeWithin(try reader.file())
        case 21: self = .releasing(try UndoReleasedFile(&reader))
        case 22: self = .released
        default: throw StateReader.Malformed()
        }
    }
}
