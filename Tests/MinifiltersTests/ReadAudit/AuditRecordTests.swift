import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@testable import Minifilters

@Suite struct AuditRecordTests {
    private let memory = MemoryVolume()

    @Test("records and their count are there again in another filter, as many as it has room for")
    func saved() throws {
        let old = ReadAudit(capacity: 5)
        try memory.attach(old.registration)
        try memory.make("data", [UInt8](0..<100))
        let file = try memory.volume.open("data", requestor: .user(1000, group: 100, process: 42))
        defer { file.close() }
        for offset in 0..<9 { _ = try file.read(at: UInt64(offset), length: 3) }
        let state = old.savedState()
        let new = ReadAudit(capacity: 5)
        try new.restore(state)
        #expect(new.records == old.records && new.readsSeen == 9)
        let small = ReadAudit(capacity: 2)
        try small.restore(state)
        #expect(small.records == old.records.suffix(2) && small.readsSeen == 9)
        for length in 0..<state.count {
            #expect(throws: (any Error).self) { try small.restore(Array(state.prefix(length))) }
        }
        #expect(small.records.count == 2)
    }

    @Test func aRecordSaysWhoReadWhatAndWhetherItSucceeded() throws {
        let audit = ReadAudit()
        try memory.attach(audit.registration)
        try memory.make("data", [UInt8](0..<100))
        let file = try memory.volume.open(
            "data", requestor: .user(1000, group: 100, process: 4242))
        defer { file.close() }
        _ = try file.read(at: 10, length: 20)
        memory.disk.readErrno = 5
        #expect(throws: IOFailure.self) { try file.read(at: 90, length: 40) }
        #expect(
            audit.records == [
                AuditRecord(
                    number: 0, userID: 1000, processID: 4242, file: file.stream.id, offset: 10,
                    length: 20, succeeded: true),
                AuditRecord(
                    number: 1, userID: 1000, processID: 4242, file: file.stream.id, offset: 90,
                    length: 40, succeeded: false),
            ])
        #expect(audit.readsSeen == 2)
    }

    @Test func aFullTrailKeepsTheNewestRecordsAndCountsTheRest() throws {
        let audit = ReadAudit(capacity: 3)
        try memory.attach(audit.registration)
        try memory.make("data", [1, 2, 3])
        let file = try memory.open("data")
        defer { file.close() }
        for offset in 0..<3 { _ = try file.read(at: UInt64(offset), length: 1) }
        #expect(audit.records.map(\.number) == [0, 1, 2])
        for offset in 3..<7 { _ = try file.read(at: UInt64(offset), length: 1) }
        #expect(audit.records.map(\.number) == [4, 5, 6])
        #expect(audit.records.map(\.offset) == [4, 5, 6])
        #expect(audit.readsSeen == 7)
    }

    @Test(arguments: [0, -1, 1]) func aTrailHoldsAtLeastOneRecord(capacity: Int) throws {
        let audit = ReadAudit(capacity: capacity)
        #expect(audit.records.isEmpty)
        try memory.attach(audit.registration)
        try memory.make("data", [1])
        let file = try memory.open("data")
        defer { file.close() }
        for _ in 0..<2 { _ = try file.read(at: 0, length: 1) }
        #expect(audit.records.map(\.number) == [1])
    }

    @Test("spec 4.1: a bypassed read is not recorded, a traditional one of the same file is")
    func bypassedReadsAreNotRecorded() throws {
        let audit = ReadAudit()
        try memory.attach(audit.registration)
        try memory.make("data", [1, 2, 3])
        let (bypassed, plain) = (try memory.openBypassed("data"), try memory.open("data"))
        defer {
            bypassed.close()
            plain.close()
        }
        #expect(try bypassed.routeOfRead() == .fullBypass)
        #expect(audit.readsSeen == 0)
        #expect(try plain.routeOfRead() == .traditional)
        #expect(audit.readsSeen == 1)
    }

    @Test func recordsOfReadsOnManyThreadsAreNumberedWithoutAGap() throws {
        let audit = ReadAudit(capacity: 1000)
        try memory.attach(audit.registration)
        try memory.make("data", [1, 2, 3])
        let memory = self.memory
        let readers = (0..<8).map { _ in
            BackgroundCall { () -> Bool in
                guard let file = try? memory.open("data") else { return false }
                defer { file.close() }
                return (0..<50).allSatisfy { _ in (try? file.read(at: 0, length: 1)) == [1] }
            }
        }
        #expect(readers.allSatisfy { $0.wait() == true })
        #expect(audit.records.map(\.number) == Array(0..<400))
    }
}
