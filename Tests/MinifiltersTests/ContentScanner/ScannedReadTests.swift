import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import Testing

@Suite struct ScannedReadTests {
    private let scanned: ScannedVolume
    private var memory: MemoryVolume { scanned.memory }

    init() throws {
        scanned = try ScannedVolume()
    }

    @Test func aReadThatHoldsASignatureFailsWithoutItsBytes() throws {
        try memory.make("data", Array("good EVIL! good".utf8))
        let file = try memory.open("data")
        defer { file.close() }
        let buffer = try memory.volume.makeBuffer(capacity: 32)
        #expect(throws: IOFailure(.virusInfected)) {
            try file.read(at: 0, length: 32, into: buffer)
        }
        #expect(IOFailure(.virusInfected).errno == .notPermitted)
        #expect(buffer.withBytes(32) { [UInt8](copying: $0) } == [UInt8](repeating: 0, count: 32))
        #expect(scanned.verdict(on: file) == .infected(signature: "Evil"))
        #expect(scanned.scanner.readsSeen == 1)
    }

    @Test func aReadOfAQueueThatHoldsASignatureFailsWithoutItsBytes() throws {
        try memory.make("data", Array("WORSE than good".utf8))
        let file = try memory.open("data")
        defer { file.close() }
        let queue = try ReadQueue(memory.volume, depth: 2, slotSize: 32)
        defer { queue.close() }
        let member = try queue.attach(file)
        try queue.read(member, at: 0, length: 15, tag: 1)
        try queue.read(member, at: 5, length: 10, tag: 2)
        try queue.submit(waitingFor: 2)
        var outcomes: [UInt64: NTStatus] = [:]
        while let read = queue.next() {
            outcomes[read.tag] = read.status
            #expect(read.count == (read.tag == 1 ? 0 : 10))
            queue.release(read)
        }
        #expect(outcomes == [1: .virusInfected, 2: .success])
    }

    @Test func otherPartsOfAnInfectedFileCanBeRead() throws {
        try memory.make("data", Array("good EVIL! good".utf8))
        let file = try memory.open("data")
        defer { file.close() }
        #expect(throws: IOFailure.self) { try file.read(at: 0, length: 15) }
        #expect(try file.read(at: 0, length: 9) == Array("good EVIL".utf8))
        #expect(try file.verdict().status == .virusInfected, "but it may not bypass")
    }

    @Test func failedReadsAreNotLookedAt() throws {
        try memory.make("data", Array("EVIL!".utf8))
        let file = try memory.open("data")
        defer { file.close() }
        memory.disk.readErrno = 5
        #expect(throws: IOFailure(errno: .ioError)) { try file.read(at: 0, length: 5) }
        #expect(scanned.scanner.readsSeen == 0)
        #expect(scanned.verdict(on: file) == .unknown)
    }

    @Test("spec 4.4: bypass that was there before the filter is paused, and stays so if it must")
    func aFindingPausesBypassThatIsOlderThanTheFilter() throws {
        let memory = MemoryVolume()
        try memory.make("data", Array("EVIL!".utf8))
        try memory.make("clean", Array("good".utf8))
        let old = try memory.openBypassed("data")
        let clean = try memory.openBypassed("clean")
        let signature = try #require(Signature(name: "Evil", pattern: ScannedVolume.evil))
        try memory.attach(ContentScanner(signatures: [signature]).registration)
        let plain = try memory.open("data")
        defer {
            old.close()
            clean.close()
            plain.close()
        }
        #expect(try clean.routeOfRead(length: 4) == .fullBypass)
        #expect(old.stream.isPaused)
        #expect(throws: IOFailure(.virusInfected)) { try old.read(at: 0, length: 5) }
        #expect(throws: IOFailure(.virusInfected)) { try plain.read(at: 0, length: 5) }
        #expect(try old.verdict(.streamResume).driverName.string == "contentscan")
    }
}
