import IOStack
import Testing

@testable import Minifilters

/// The form of a session's journal, and what a session knows by it.
@Suite("Journal of undo")
struct UndoJournalTests {
    private static let file = FileID(device: 3, inode: 99)
    private static let time = FileTime(seconds: -5, nanoseconds: 999_999_999)

    private static var node: UndoNode {
        var node = UndoNode(
            7,
            FileInformation(
                kind: .symbolicLink, id: file, permissions: 0o4755, linkCount: 2, userID: 1,
                groupID: 2, size: 12, allocatedSize: 4096, preferredIOSize: 4096,
                deviceNumber: 77, accessTime: time, modificationTime: time, changeTime: time,
                birthTime: time), place: UndoEntry(1, [0xFF, 0x41]))
        node.attributes = [UndoNode.Attribute(name: Array("user.a".utf8), value: [0, 1, 2])]
        node.target = [0xFE]
        return node
    }

    private static let all: [UndoRecord] = [
        .begun(
            root: Array("/srv/a".utf8), time,
            users: [UndoIDs(inside: 0, outside: 1000, count: 2)],
            groups: [UndoIDs(inside: 1, outside: 7, count: 1)]), .node(node),
        .entry(UndoEntry(1, [0x61]), old: 7), .entry(UndoEntry(1, [0x62]), old: nil),
        .kept(7, offset: 4096, length: 8192, isHole: false),
        .kept(7, offset: 12_288, length: 4096, isHole: true), .whole(8), .held(7), .flags(7, 0x10),
        .left(UndoEntry(1, [0x61]), file), .left(UndoEntry(1, [0x62]), nil),
        .forgottenEntry(UndoEntry(1, [0x62])), .forgottenNode(8), .settledNode(9), .ended(time),
        .remade(7, FileID(device: 3, inode: 100), birth: time), .remade(8, file, birth: nil),
        .reverting(7, true), .reverting(8, false), .clearing(UndoEntry(1, [0x61])),
        .unlinking(file), .foreign(7), .returned(file, changed: time), .madeWithin(file),
        .releasing(released), .released,
    ]
    private static let released = UndoReleasedFile(
        file: file, birth: nil, changed: time, modified: time, size: 12, mode: 0o100644, user: 1,
        group: 2, links: 3)

    @Test("a node of a journal of before, without the time of its last change, is read")
    func olderNode() {
        var older = Self.node
        older.changed = nil
        let records = UndoJournal.records(UndoJournal.frames([.node(older)])).records
        #expect(records == [.node(older)])
    }

    @Test("the first record is read from the begin of a journal, and from no less than it has")
    func first() {
        let bytes = UndoJournal.frames(Array(Self.all.prefix(2)))
        let length = UndoJournal.frames(Array(Self.all.prefix(1))).count
        #expect(UndoJournal.first(bytes) == Self.all[0])
        #expect(UndoJournal.first(Array(bytes.prefix(length))) == Self.all[0])
        #expect(UndoJournal.first(Array(bytes.prefix(length - 1))) == nil)
    }

    @Test("what is written is read, each kind of record")
    func roundTrip() {
        let bytes = UndoJournal.frames(Self.all)
        let (records, length) = UndoJournal.records(bytes)
        #expect(records == Self.all)
        #expect(length == bytes.count)
    }

    @Test("a torn end is no record, wherever it is torn")
    func torn() {
        let whole = UndoJournal.frames(Array(Self.all.dropLast()))
        let bytes = UndoJournal.frames(Self.all)
        for count in whole.count..<bytes.count {
            let (records, length) = UndoJournal.records(Array(bytes.prefix(count)))
            #expect(records.count == Self.all.count - 1 && length == whole.count, "\(count)")
        }
    }

    @Test("a byte that is wrong ends the journal before its record")
    func damaged() {
        let bytes = UndoJournal.frames(Self.all)
        for place in bytes.indices {
            var bad = bytes
            bad[place] ^= 0x40
            let records = UndoJournal.records(bad).records
            #expect(records.count < Self.all.count)
            #expect(records == Array(Self.all.prefix(records.count)), "\(place)")
        }
    }

    @Test("no name of a record leads elsewhere", arguments: ["", ".", "..", "a/b", "a\0"])
    func names(_ name: String) {
        let bytes = UndoJournal.frames([.entry(UndoEntry(1, Array(name.utf8)), old: nil)])
        #expect(UndoJournal.records(bytes).records.isEmpty)
    }

    /// What nobody but a hostile program writes.
    private static let unbounded: [UndoRecord] = {
        let most = UInt64.max
        let largest = UInt64(Int64.max)
        var numbered = node
        numbered.number = most
        var last = node
        last.number = largest
        var large = node
        large.size = largest + 1
        var mode = node
        mode.permissions = 0o100_644
        var placed = node
        placed.place = UndoEntry(most, [0x61])
        return [
            .node(numbered), .node(last), .node(large), .node(mode), .node(placed),
            .entry(UndoEntry(most, [0x61]), old: nil), .entry(UndoEntry(1, [0x61]), old: most),
            .kept(7, offset: most, length: 1, isHole: false),
            .kept(7, offset: largest, length: 1, isHole: false),
            .kept(7, offset: 1, length: largest, isHole: true),
            .kept(7, offset: 0, length: largest + 1, isHole: true),
            .kept(most, offset: 0, length: 1, isHole: false), .whole(most), .held(most),
            .flags(most, 0), .left(UndoEntry(most, [0x61]), nil),
            .forgottenEntry(UndoEntry(most, [0x61])), .forgottenNode(most), .settledNode(most),
            .begun(root: [], time, users: [], groups: []),
            .begun(root: Array("srv".utf8), time, users: [], groups: []),
            .begun(root: Array("/srv/../etc".utf8), time, users: [], groups: []),
            .begun(root: Array("/srv/./a".utf8), time, users: [], groups: []),
            .begun(root: Array("/srv\0/a".utf8), time, users: [], groups: []),
            .ended(FileTime(seconds: 0, nanoseconds: 1_000_000_000)),
            .remade(most, file, birth: nil), .reverting(most, true),
            .clearing(UndoEntry(most, [0x61])),
        ]
    }()

    @Test("a number, a size, a place or a path beyond what can be is no record")
    func bounds() {
        for record in Self.unbounded {
            let bytes = UndoJournal.frames([.whole(1), record])
            #expect(UndoJournal.records(bytes).records == [.whole(1)], "\(record)")
        }
    }

    @Test("the largest numbers and sizes that can be are no trap")
    func largest() {
        let largest = UInt64(Int64.max)
        var node = Self.node
        (node.number, node.size) = (largest - 1, largest)
        let records: [UndoRecord] = [
            .node(node), .kept(5, offset: 0, length: largest, isHole: false),
            .kept(6, offset: largest, length: 0, isHole: false),
            .kept(6, offset: 1, length: largest - 1, isHole: true),
        ]
        let bytes = UndoJournal.frames(records)
        #expect(UndoJournal.records(bytes).records == records)
        let knowledge = UndoKnowledge(journal: bytes)
        #expect(knowledge.next == largest)
        #expect(knowledge.kept[5]?.data.count == largest)
        #expect(knowledge.kept[6]?.holes.count == largest - 1)
        #expect(knowledge.kept[6]?.hasData == true)
        // What no record can say is no trap either.
        #expect(UndoRanges([0..<UInt64.max]).count == .max)
        node.number = .max
        #expect(UndoKnowledge([.node(node)]).next == 1)
    }

    @Test("many parts of a file are taken in no more time than it takes to sort them")
    func manyParts() {
        let count: UInt64 = 200_000
        let parts = (0..<count).map { number -> UndoRecord in
            .kept(7, offset: (count - number) * 8192, length: 4096, isHole: false)
        }
        #expect(UndoKnowledge(parts).kept[7]?.data.all.count == Int(count))
        let joined = (0..<count).map { number -> UndoRecord in
            .kept(7, offset: (count - number) * 4096, length: 4096, isHole: false)
        }
        #expect(UndoKnowledge(joined).kept[7]?.data.all == [4096..<(count + 1) * 4096])
    }

    @Test("the first record of a name counts, and what is forgotten is gone")
    func knowledge() {
        let name = UndoEntry(1, [0x61])
        let knowledge = UndoKnowledge(Self.all + [.entry(name, old: nil)])
        #expect(knowledge.names[name]?.old == 7)
        #expect(knowledge.names[name]?.left == .some(Self.file))
        #expect(knowledge.order == [name])
        #expect(knowledge.next == 8)
        let node = knowledge.nodes[7]
        #expect(node?.user == 1001 && node?.group == nil, "numbers of the service's namespace")
        #expect(knowledge.ended == Self.time)
        #expect(knowledge.kept[7]?.data.all == [4096..<12_288])
        #expect(knowledge.kept[7]?.holes.all == [12_288..<16_384])
        #expect(knowledge.kept[7]?.isHeld == true && knowledge.kept[7]?.flags == 0x10)
        #expect(knowledge.kept[8] == nil && knowledge.forgotten == [8])
        #expect(knowledge.settled == [9])
    }

    @Test("a file that a revert made again is the same file, also to a session that goes on")
    func remade() {
        var directory = Self.node
        (directory.number, directory.kind, directory.place) = (2, .directory, UndoEntry(1, [0x64]))
        let second = FileID(device: 3, inode: 500)
        var again = directory
        (again.number, again.file) = (9, second)
        var below = Self.node
        (below.number, below.file) = (10, FileID(device: 3, inode: 501))
        below.place = UndoEntry(9, [0x78])
        let knowledge = UndoKnowledge([
            .node(directory), .entry(UndoEntry(1, [0x64]), old: 2),
            .remade(2, second, birth: Self.time), .reverting(2, true), .reverting(7, true),
            .reverting(2, false), .clearing(UndoEntry(1, [0x64])), .node(again), .node(below),
            .entry(UndoEntry(9, [0x78]), old: 10), .flags(9, 1), .left(UndoEntry(9, [0x78]), nil),
            .left(UndoEntry(1, [0x64]), second),
        ])
        #expect(knowledge.nodes.keys.sorted() == [2, 10])
        #expect(knowledge.nodes[2]?.file == second)
        #expect(knowledge.nodes[10]?.place == UndoEntry(2, [0x78]))
        #expect(knowledge.names[UndoEntry(2, [0x78])]?.old == 10)
        #expect(knowledge.names[UndoEntry(2, [0x78])]?.left == .some(.none))
        #expect(knowledge.kept[9] == nil && knowledge.kept[2] == nil)
        #expect(knowledge.reverting == [7] && knowledge.cleared.isEmpty && knowledge.next == 11)
    }

    @Test("ranges join, and tell what is missing, as a set of bytes does")
    func ranges() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var ranges = UndoRanges()
            var bytes: Set<UInt64> = []
            var inserted: [Range<UInt64>] = []
            for _ in 0..<12 {
                let start = UInt64.random(in: 0..<60, using: &random)
                let range = start..<start + UInt64.random(in: 0..<12, using: &random)
                let missing = ranges.missing(in: range).flatMap { Array($0) }
                #expect(missing == range.filter { !bytes.contains($0) })
                ranges.insert(range)
                bytes.formUnion(range)
                #expect(Set(ranges.all.flatMap { Array($0) }) == bytes)
                inserted.append(range)
                #expect(UndoRanges(inserted.shuffled(using: &random)) == ranges)
                #expect(ranges.count == UInt64(bytes.count))
                let gaps = zip(ranges.all, ranges.all.dropFirst())
                #expect(gaps.allSatisfy { $0.upperBound < $1.lowerBound })
            }
        }
    }
}
