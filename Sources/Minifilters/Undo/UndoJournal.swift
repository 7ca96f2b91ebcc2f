package import IOStack

/// The form of a journal on the disk: frames, each with its length, a sum and one record.
package enum UndoJournal {
    /// Bytes before a record: its length and its sum.
    private static let head = 12
    /// In bytes; a record holds extended attributes, which the kernel limits.
    private static let longest = 16 << 20

    package static func frames(_ records: [UndoRecord]) -> [UInt8] {
        var bytes: [UInt8] = []
        for record in records {
            var writer = StateWriter()
            record.write(to: &writer)
            var head = StateWriter()
            head.word(UInt32(writer.bytes.count))
            head.long(writer.bytes.stateSum(from: 0))
            bytes += head.bytes
            bytes += writer.bytes
        }
        return bytes
    }

    /// What a journal says, and how many of its bytes do. What is behind was torn: the change that
    /// it was about had not been made.
    package static func records(_ bytes: [UInt8]) -> (records: [UndoRecord], length: Int) {
        var records: [UndoRecord] = []
        var place = 0
        while bytes.count - place >= head {
            var reader = StateReader(bytes, from: place)
            guard let length = try? Int(reader.word()), let sum = try? reader.long(),
                length <= longest, length <= bytes.count - place - head
            else { break }
            let body = Array(bytes[place + head..<place + head + length])
            guard body.stateSum(from: 0) == sum else { break }
            var content = StateReader(body)
            guard let record = try? UndoRecord(&content), content.isAtEnd else { break }
            records.append(record)
            place += head + length
        }
        return (records, place)
    }
}

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
    /// Names in the order of their first change.
    package private(set) var order: [UndoEntry] = []
    private var users: [UndoIDs] = []
    private var groups: [UndoIDs] = []
    /// Every number is below.
    package private(set) var next: UInt64 = 1

    package init() {}

    package init(_ records: [UndoRecord]) {
        for record in records { take(record) }
        var seen: Set<UndoEntry> = []
        order.removeAll { names[$0] == nil || !seen.insert($0).inserted }
    }

    private mutating func take(_ record: UndoRecord) {
        switch record {
        case .begun(let root, let time, let users, let groups):
            // A service that went on with the session.
            if self.root.isEmpty { (self.root, began) = (root, time) }
            (self.users, self.groups) = (users, groups)
            ended = nil
        case .node(var node):
            node.user = node.user.flatMap { UndoIDs.outside($0, users) }
            node.group = node.group.flatMap { UndoIDs.outside($0, groups) }
            nodes[node.number] = node
            next = max(next, node.number + 1)
        case .entry(let entry, let old):
            guard names[entry] == nil else { return }
            names[entry] = Name(old: old)
            order.append(entry)
        case .kept(let number, let offset, let length, let isHole):
            if isHole {
                kept[number, default: Kept()].holes.insert(offset..<offset + length)
            } else {
                kept[number, default: Kept()].data.insert(offset..<offset + length)
            }
        case .whole(let number): kept[number, default: Kept()].isWhole = true
        case .held(let number): kept[number, default: Kept()].isHeld = true
        case .flags(let number, let bits):
            if kept[number]?.flags == nil { kept[number, default: Kept()].flags = bits }
        case .left(let entry, let file): names[entry]?.left = .some(file)
        case .forgottenEntry(let entry): names[entry] = nil
        case .forgottenNode(let number):
            forgotten.insert(number)
            kept[number] = nil
        case .settledNode(let number):
            settled.insert(number)
            kept[number] = nil
        case .ended(let time): ended = time
        }
    }
}

/// Bytes of a file, as ranges that neither touch nor overlap, in order.
package struct UndoRanges: Sendable, Equatable {
    package private(set) var all: [Range<UInt64>] = []

    package init() {}

    /// The first range that ends at `offset` or later.
    private func index(endingFrom offset: UInt64) -> Int {
        var (low, high) = (0, all.count)
        while low < high {
            let middle = (low + high) / 2
            if all[middle].upperBound < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package mutating func insert(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        let first = index(endingFrom: range.lowerBound)
        var last = first
        var joined = range
        while last < all.count, all[last].lowerBound <= range.upperBound {
            joined =
                min(
                    joined.lowerBound, all[last].lowerBound)..<max(
                    joined.upperBound, all[last].upperBound)
            last += 1
        }
        all.replaceSubrange(first..<last, with: CollectionOfOne(joined))
    }

    /// The parts of `range` that are not in it.
    package func missing(in range: Range<UInt64>) -> [Range<UInt64>] {
        var parts: [Range<UInt64>] = []
        var start = range.lowerBound
        var place = index(endingFrom: start)
        while start < range.upperBound, place < all.count, all[place].lowerBound < range.upperBound
        {
            if all[place].lowerBound > start { parts.append(start..<all[place].lowerBound) }
            start = max(start, all[place].upperBound)
            place += 1
        }
        if start < range.upperBound { parts.append(start..<range.upperBound) }
        return parts
    }

    package var count: UInt64 { all.reduce(0) { $0 + UInt64($1.count) } }
}
