package import IOStack

/// What a session knows, by its journal.
package struct UndoKnowledge: Sendable {
    /// A file's old data that is kept.
    package struct Kept: Sendable, Equatable {
        package var data = UndoRanges()
        package var holes = UndoRanges()
        package var isWhole = false
        package var isHeld = false
        package var flags: UInt32?

        package init() {}

        /// Some of the file's data was kept because it was to change.
        package var hasData: Bool { isWhole || !data.all.isEmpty || !holes.all.isEmpty }
    }

    package struct Name: Sendable, Equatable {
        package var old: UInt64?
        /// Of the session's last change; outer nil: not told.
        package var left: FileID??
    }

    package private(set) var root: [UInt8] = []
    package private(set) var began = FileTime(seconds: 0, nanoseconds: 0)
    /// When the session's service ended by itself last.
    package private(set) var ended: FileTime?
    package private(set) var nodes: [UInt64: UndoNode] = [:]
    package private(set) var kept: [UInt64: Kept] = [:]
    package private(set) var names: [UndoEntry: Name] = [:]
    package private(set) var forgotten: Set<UInt64> = []
    package private(set) var settled: Set<UInt64> = []
    /// Files that a revert was about to change when it was killed.
    package private(set) var reverting: Set<UInt64> = []
    /// Names whose meaning a revert has taken away, or moved.
    package private(set) var cleared: Set<UndoEntry> = []
    /// Files of which a revert has taken a name.
    package private(set) var unlinked: Set<FileID> = []
    /// Files that somebody else had changed before a revert restored them.
    package private(set) var foreign: Set<UInt64> = []
    /// When files were changed last that a revert of another session left as this one had.
    package private(set) var returned: [FileID: FileTime] = [:]
    /// Files of before that a revert made again, as the session met them.
    package private(set) var firstFiles: [UInt64: (file: FileID, birth: FileTime?)] = [:]
    /// Files that reverts of sessions within this one made.
    package private(set) var madeWithin: Set<FileID> = []
    /// Files of which a revert was taking the session's own names when it was killed.
    package private(set) var releasing: [UndoReleasedFile] = []
    /// Names in the order of their first change.
    package private(set) var order: [UndoEntry] = []
    private var users: [UndoIDs] = []
    private var groups: [UndoIDs] = []
    /// Bytes of the journal that could be read, where it was read as a whole.
    package private(set) var length = 0
    /// Every number is below.
    package private(set) var next: UInt64 = 1
    /// Parts of files as the records name them, until all are known.
    private var data: [UInt64: [Range<UInt64>]] = [:]
    private var holes: [UInt64: [Range<UInt64>]] = [:]
    /// Files that a revert made again, by what they are now.
    private var remade: [FileID: (number: UInt64, birth: FileTime?)] = [:]
    /// The same by the numbers that a session gave them which went on: their old state is known.
    private var others: [UInt64: UInt64] = [:]

    package init() {}

    package init(_ records: [UndoRecord]) {
        for record in records { take(record) }
        settle()
    }

    /// By the bytes of a journal, without an array of its records, which takes many times as much.
    package init(journal: [UInt8]) {
        length = UndoJournal.read(journal) { take($0) }
        settle()
    }

    private mutating func settle() {
        for (number, ranges) in data { kept[number, default: Kept()].data = UndoRanges(ranges) }
        for (number, ranges) in holes { kept[number, default: Kept()].holes = UndoRanges(ranges) }
        (data, holes, remade) = ([:], [:], [:])
        var seen: Set<UndoEntry> = []
        order.removeAll { names[$0] == nil || !seen.insert($0).inserted }
    }

    /// The entry in the directory of before, if it was made again.
    private func first(_ entry: UndoEntry) -> UndoEntry {
        others[entry.directory].map { UndoEntry($0, entry.name) } ?? entry
    }

    /// What is about a file or a name in a directory that was made again is about that of before.
    private mutating func take(_ record: UndoRecord) {
        guard !others.isEmpty else { return takeFirst(record) }
        switch record {
        case .node(var node):
            node.place = node.place.map(first)
            takeFirst(.node(node))
        case .entry(let entry, let old):
            takeFirst(.entry(first(entry), old: old.map { others[$0] ?? $0 }))
        case .left(let entry, let file): takeFirst(.left(first(entry), file))
        case .forgottenEntry(let entry): takeFirst(.forgottenEntry(first(entry)))
        case .clearing(let entry): takeFirst(.clearing(first(entry)))
        case .kept(let number, _, _, _), .whole(let number), .held(let number),
            .flags(let number, _), .forgottenNode(let number), .settledNode(let number),
            .foreign(let number):
            // All of its old state was kept when it was removed.
            if others[number] == nil { takeFirst(record) }
        case .begun, .ended, .remade, .reverting, .unlinking, .returned, .madeWithin,
            .releasing, .released:
            takeFirst(record)
        }
    }

    private mutating func takeFirst(_ record: UndoRecord) {
        switch record {
        case .begun(let root, let time, let users, let groups):
            // A service that went on with the session.
            if self.root.isEmpty { (self.root, began) = (root, time) }
            (self.users, self.groups) = (users, groups)
            ended = nil
        case .node(var node):
            node.user = node.user.flatMap { UndoIDs.outside($0, users) }
            node.group = node.group.flatMap { UndoIDs.outside($0, groups) }
            next = max(next, node.number &+ 1)
            if let other = remade[node.file], other.birth == node.birth, nodes[node.number] == nil {
                others[node.number] = other.number
            } else {
                nodes[node.number] = node
            }
        case .entry(let entry, let old):
            guard names[entry] == nil else { return }
            names[entry] = Name(old: old)
            order.append(entry)
        case .kept(let number, let offset, let length, let isHole):
            if isHole {
                holes[number, default: []].append(offset..<offset + length)
            } else {
                data[number, default: []].append(offset..<offset + length)
            }
        case .whole(let number): kept[number, default: Kept()].isWhole = true
        case .held(let number): kept[number, default: Kept()].isHeld = true
        case .flags(let number, let bits):
            if kept[number]?.flags == nil { kept[number, default: Kept()].flags = bits }
        case .left(let entry, let file):
            names[entry]?.left = .some(file)
            cleared.remove(entry)
        case .forgottenEntry(let entry): names[entry] = nil
        case .forgottenNode(let number):
            forgotten.insert(number)
            drop(number)
        case .settledNode(let number):
            settled.insert(number)
            drop(number)
        case .ended(let time): ended = time
        case .remade(let number, let file, let birth):
            guard var node = nodes[number] else { return }
            if firstFiles[number] == nil { firstFiles[number] = (node.file, node.birth) }
            (node.file, node.birth) = (file, birth)
            nodes[number] = node
            remade[file] = (number, birth)
        case .reverting(let number, true): reverting.insert(number)
        case .reverting(let number, false): reverting.remove(number)
        case .clearing(let entry): cleared.insert(entry)
        case .unlinking(let file): unlinked.insert(file)
        case .foreign(let number): foreign.insert(number)
        case .returned(let file, let changed): returned[file] = changed
        case .madeWithin(let file): madeWithin.insert(file)
        case .releasing(let file): releasing.append(file)
        case .released: releasing = []
        }
    }

    private mutating func drop(_ number: UInt64) {
        (kept[number], data[number], holes[number]) = (nil, nil, nil)
    }
}
