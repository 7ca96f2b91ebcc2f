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
    ]

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

    @Test("ranges join, and tell what is missing, as a set of bytes does")
    func ranges() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var ranges = UndoRanges()
            var bytes: Set<UInt64> = []
            for _ in 0..<12 {
                let start = UInt64.random(in: 0..<60, using: &random)
                let range = start..<start + UInt64.random(in: 0..<12, using: &random)
                let missing = ranges.missing(in: range).flatMap { Array($0) }
                #expect(missing == range.filter { !bytes.contains($0) })
                ranges.insert(range)
                bytes.formUnion(range)
                #expect(Set(ranges.all.flatMap { Array($0) }) == bytes)
                #expect(ranges.count == UInt64(bytes.count))
                let gaps = zip(ranges.all, ranges.all.dropFirst())
                #expect(gaps.allSatisfy { $0.upperBound < $1.lowerBound })
            }
        }
    }
}
