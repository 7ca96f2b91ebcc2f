import CPosixCalls
import LinuxKit
import SystemPackage
import Testing

/// What a service leaves behind, whatever instant it dies at.
@Suite(.serialized)
struct RecoveryTableTests {
    private static func node(
        _ number: UInt64, lookups: UInt64 = 1, _ flags: RecoveryTable.NodeFlags = .isKnown
    ) -> RecoveryTable.Node {
        RecoveryTable.Node(
            flags: flags, number: number, device: 1, inode: number, birthSeconds: 5,
            birthNanoseconds: 6, lookups: lookups)
    }

    private static func name(_ length: Int, _ letter: Character = "n") -> [UInt8] {
        Array(String(repeating: letter, count: length).utf8)
    }

    @Test("a node and its name come back as they were written", arguments: [1, 54, 55, 114, 255])
    func names(length: Int) throws {
        let table = try RecoveryTable.make()
        let root = table.add(Self.node(1, [.isKnown, .isDirectory]))
        let place = table.add(Self.node(7, lookups: 3))
        table.set(name: Self.name(length), in: root, of: place)
        #expect(table.node(place) == Self.node(7, lookups: 3))
        #expect(table.name(of: place)?.name == Self.name(length))
        #expect(table.name(of: place)?.parent == root)
        #expect(table.name(of: root) == nil)
        table.set(name: [], in: .none, of: place)
        #expect(table.name(of: place) == nil)
        table.remove(node: place)
        #expect(table.node(place) == nil)
        // The places are used again.
        #expect(table.add(Self.node(8)) == place)
        #expect(table.nodePlaces == 1..<3)
    }

    @Test("a held file, a handle, a note and the words come back")
    func others() throws {
        let table = try RecoveryTable.make()
        let place = table.add(Self.node(7))
        table.set(held: (0, 2), of: place)
        #expect(table.node(place)?.held?.descriptor == 0 && table.node(place)?.held?.flags == 2)
        table.set(held: nil, of: place)
        #expect(table.node(place)?.held == nil)
        let handle = RecoveryTable.Handle(
            flags: [.isThere, .isUser], generation: 4, node: place, descriptor: 9, openFlags: 2,
            userID: 1, groupID: 2, processID: 3, access: 3, state: .hasBypass, opener: 12)
        table.set(handle, at: 5)
        #expect(table.handle(at: 5) == handle)
        #expect(table.handlePlaces == 0..<6)
        #expect(table.handle(at: 4)?.flags.contains(.isThere) == false)
        table.removeHandle(at: 5, generation: 5)
        #expect(table.handle(at: 5)?.flags.contains(.isThere) == false)
        #expect(table.handle(at: 5)?.generation == 5)
        for text in ["first", "second, and longer", "third"] {
            table.note(Array(text.utf8))
            #expect(table.noted == Array(text.utf8))
        }
        table.set(.lastNumber, to: 1 << 63)
        table.set(.guardian, to: 7)
        #expect(table[.lastNumber] == 1 << 63 && table[.guardian] == 7 && table[.group] == 0)
    }

    @Test("too long a note, and a handle beyond the last place, make the table incomplete")
    func room() throws {
        let first = try RecoveryTable.make()
        first.note([UInt8](repeating: 0, count: 1 << 20))
        #expect(first[.isIncomplete] == 1)
        let second = try RecoveryTable.make()
        second.set(
            RecoveryTable.Handle(
                flags: .isThere, generation: 1, node: .none, descriptor: 1, openFlags: 0,
                userID: 0, groupID: 0, processID: 0, access: 0), at: 1 << 20)
        #expect(second[.isIncomplete] == 1)
    }

    @Test("a request is there from its begin to its end, with what was noted of it")
    func requests() throws {
        let table = try RecoveryTable.make()
        table.begin(8, 9)
        #expect(table.requests.map(\.unique) == [8] && table.requests[0].reply == nil)
        table.note([1, 2], for: 8)
        #expect(table.requests[0].before == [1, 2])
        // It comes again: what was noted stays.
        table.begin(8 | 1 << 63, 9)
        #expect(table.requests.count == 1 && table.requests[0].before == [1, 2])
        table.done(8 | 1 << 63, [4, 5, 6].span)
        #expect(table.requests[0].reply == [4, 5, 6])
        let other = try RecoveryTable.make()
        other.adoptRequests(of: table, since: 0)
        #expect(other.requests == table.requests)
        other.adoptRequests(of: table, since: .max)
        #expect(other.requests.count == 1)
        table.over(8)
        #expect(table.requests.isEmpty)
    }

    @Test("as many requests as can be under way have a place")
    func manyRequests() throws {
        let table = try RecoveryTable.make()
        for number in 1...2000 { table.begin(UInt64(number) * 2, 1) }
        #expect(table.requests.count == 2000)
        for number in 1...2000 where number % 2 == 0 { table.over(UInt64(number) * 2) }
        #expect(Set(table.requests.map(\.unique)) == Set((1...1000).map { UInt64($0) * 4 - 2 }))
    }

    // MARK: A writer that dies

    /// What a writer does, and whether what it leaves behind at any instant can be read.
    private final class Torn {
        let table: RecoveryTable
        let write: (RecoveryTable) -> Void
        let isWhole: (RecoveryTable) -> Bool
        var seen = 0

        init(
            _ table: RecoveryTable, _ write: @escaping (RecoveryTable) -> Void,
            _ isWhole: @escaping (RecoveryTable) -> Bool
        ) {
            self.table = table
            self.write = write
            self.isWhole = isWhole
        }

        /// The number of instructions that were looked behind.
        func run() -> Int64 {
            let own = unsafe Unmanaged.passUnretained(self).toOpaque()
            return unsafe call_step(
                { context in
                    let torn = unsafe Unmanaged<Torn>.fromOpaque(context).takeUnretainedValue()
                    torn.write(torn.table)
                }, own,
                { context in
                    let torn = unsafe Unmanaged<Torn>.fromOpaque(context).takeUnretainedValue()
                    torn.seen += 1
                    return torn.isWhole(torn.table) ? 1 : 0
                }, own)
        }
    }

    @Test("a name is the old one or the new one, with the node above it, at every instruction")
    func tornName() throws {
        let table = try RecoveryTable.make()
        let (first, second) = (table.add(Self.node(1)), table.add(Self.node(2)))
        let place = table.add(Self.node(3))
        let (old, new) = (Self.name(200, "o"), Self.name(130, "n"))
        table.set(name: old, in: first, of: place)
        let torn = Torn(
            table, { $0.set(name: new, in: second, of: place) },
            { table in
                let found = table.name(of: place)
                return found?.name == old && found?.parent == first
                    || found?.name == new && found?.parent == second
            })
        #expect(torn.run() > 100)
        #expect(table.name(of: place)?.name == new)
    }

    @Test("a node is there whole, or not at all, at every instruction")
    func tornNode() throws {
        let table = try RecoveryTable.make()
        let torn = Torn(
            table, { _ = $0.add(Self.node(77, lookups: 4)) },
            { table in
                table.nodePlaces.allSatisfy { place in
                    table.node(RecoveryTable.NodePlace(place)).map {
                        $0 == Self.node(77, lookups: 4)
                    } ?? true
                }
            })
        #expect(torn.run() > 50)
        #expect(table.node(RecoveryTable.NodePlace(1)) != nil)
    }

    @Test("a lookup count is never lower than before it was raised, at every instruction")
    func tornCount() throws {
        let table = try RecoveryTable.make()
        let place = table.add(Self.node(3, lookups: 0x00FF_FFFF))
        let torn = Torn(
            table, { $0.set(lookups: 0x0100_0000, of: place) },
            { [0x00FF_FFFF, 0x0100_0000].contains($0.node(place)?.lookups) })
        #expect(torn.run() > 5)
    }

    @Test("a handle is the old one, none, or the new one, at every instruction")
    func tornHandle() throws {
        func handle(_ value: Int32) -> RecoveryTable.Handle {
            RecoveryTable.Handle(
                flags: .isThere, generation: UInt32(value), node: .none, descriptor: value,
                openFlags: value, userID: UInt32(value), groupID: 0, processID: value, access: 1,
                opener: UInt64(value))
        }
        let table = try RecoveryTable.make()
        table.set(handle(1), at: 0)
        let torn = Torn(
            table,
            { table in
                table.removeHandle(at: 0, generation: 2)
                table.set(handle(2), at: 0)
            },
            { table in
                guard let found = table.handle(at: 0) else { return false }
                return !found.flags.contains(.isThere) || found == handle(1) || found == handle(2)
            })
        #expect(torn.run() > 50)
        #expect(table.handle(at: 0) == handle(2))
    }

    @Test("a request has its whole reply or none, and a note is the old or the new one")
    func tornRequest() throws {
        let table = try RecoveryTable.make()
        let reply = [UInt8](repeating: 9, count: 160)
        let (old, new) = ([UInt8](repeating: 1, count: 300), [UInt8](repeating: 2, count: 500))
        table.note(old)
        let torn = Torn(
            table,
            { table in
                table.begin(64, 1)
                table.note([1, 2, 3], for: 64)
                table.done(64, reply.span)
                table.over(64)
                table.note(new)
            },
            { table in
                let note = table.noted
                guard note == old || note == new else { return false }
                // The place of request 64.
                guard let request = table.request(at: 32) else { return true }
                return request.unique == 64 && [[], [1, 2, 3]].contains(request.before)
                    && (request.reply.map { $0 == reply } ?? true)
            })
        #expect(torn.run() > 100)
        #expect(table.noted == new && table.requests.isEmpty)
    }
}
