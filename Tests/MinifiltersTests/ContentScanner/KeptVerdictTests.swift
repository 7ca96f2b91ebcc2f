import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@testable import Minifilters

/// How long a verdict counts, and when the scanner reads a file, seen from the reads at the disk.
@Suite struct KeptVerdictTests {
    private let memory = MemoryVolume()
    private let findings = Findings()

    private final class Findings: Sendable {
        let told = Guarded<[ScanFinding]>([])
    }

    /// The memory file system's clock starts at 1970, so its files changed long ago unless `now`
    /// says otherwise.
    @discardableResult
    private func attachScanner(
        keeping limit: Int = 100, now: Int64 = 1_000_000
    ) throws -> FilterInstance {
        let signature = try #require(Signature(name: "Evil", pattern: ScannedVolume.evil))
        let findings = self.findings
        let scanner = ContentScanner(
            signatures: [signature], keptVerdicts: limit, clock: { now }
        ) { finding in findings.told.withLock { $0.append(finding) } }
        return try memory.attach(scanner.registration)
    }

    private var reads: Int { memory.disk.reads.count }

    /// Opens a file for reading alone, sends a control, and closes it. Returns the answer, and
    /// whether the scanner read the file for it.
    private func ask(
        _ path: FilePath, _ operation: BypassIOOperation = .enable
    ) throws -> (status: NTStatus, scanned: Bool) {
        let file = try memory.open(path, access: .read)
        defer { file.close() }
        let before = reads
        let status = try file.verdict(operation).status
        return (status, reads != before)
    }

    @Test func aVerdictOutlivesTheFilesBeingOpen() throws {
        try attachScanner()
        try memory.make("clean", [UInt8](repeating: 65, count: 64))
        try memory.make("bad", ScannedVolume.evil)
        for isFirst in [true, false, false] {
            #expect(try ask("clean") == (.success, isFirst))
            #expect(try ask("bad") == (.virusInfected, isFirst))
        }
        #expect(try ask("bad", .query) == (.virusInfected, false), "a question tells what is known")
    }

    @Test func aQuestionScansNothing() throws {
        try attachScanner()
        try memory.make("bad", ScannedVolume.evil)
        #expect(try ask("bad", .query) == (.success, false), "nothing is known against it")
        let file = try memory.open("bad", access: .read)
        defer { file.close() }
        let before = reads
        _ = try file.explainBypassIO()
        _ = try file.bypassIO(.getInfo)
        #expect(reads == before)
    }

    @Test("spec 4.4: a question about a file that was changed under its bypass is refused")
    func aQuestionAboutAChangedFileIsRefused() throws {
        try attachScanner()
        try memory.make("data", [UInt8](repeating: 65, count: 64))
        let file = try memory.openBypassed("data")
        defer { file.close() }
        try file.write(ScannedVolume.evil, at: 0)
        let before = reads
        #expect(try file.verdict().status == .notSupportedWithMonitoring)
        #expect(reads == before)
        #expect(try file.verdict(.streamResume).status == .virusInfected)
    }

    @Test func aWriteMakesTheVerdictForgotten() throws {
        try attachScanner()
        try memory.make("data", [UInt8](repeating: 65, count: 64))
        #expect(try ask("data") == (.success, true))
        try memory.make("data", ScannedVolume.evil)
        #expect(try ask("data") == (.virusInfected, true))
    }

    @Test func aChangePastTheFilterIsSeen() throws {
        try attachScanner()
        try memory.make("data", [UInt8](repeating: 65, count: 64))
        #expect(try ask("data") == (.success, true))
        // The same file system and disk on a volume of its own: a change behind a mount.
        let other = IOManager()
        let behind = other.mount(memory.volume.fileSystem, named: "behind", storage: memory.disk)
        let writer = try behind.open("data", access: [.read, .write])
        try writer.write(ScannedVolume.evil, at: 0)
        // A write on a disk's file system sets the time; a write in memory does not.
        try writer.apply(.times(access: nil, modification: .now))
        writer.close()
        #expect(try ask("data", .query) == (.success, false), "nothing is known of this version")
        #expect(try ask("data") == (.virusInfected, true))
    }

    @Test func nothingIsKeptWhileSomebodyMayWrite() throws {
        try attachScanner()
        try memory.make("data", [UInt8](repeating: 65, count: 64))
        #expect(try ask("data") == (.success, true))
        // A store through a mapping of this handle skips the filters.
        let writer = try memory.open("data")
        #expect(try ask("data") == (.success, true))
        #expect(try ask("data") == (.success, true))
        #expect(try ask("data", .query) == (.success, false))
        writer.close()
        #expect(try ask("data") == (.success, true), "what was found before the last writer went")
        #expect(try ask("data") == (.success, false))
    }

    @Test func aWriterThatComesDuringTheScanKeepsItsVerdictFromLasting() throws {
        try attachScanner()
        try memory.make("data", [UInt8](repeating: 65, count: 64))
        memory.disk.holdReads()
        let memory = self.memory
        let enable = BackgroundCall { () -> NTStatus? in
            let file = try? memory.open("data", access: .read)
            defer { file?.close() }
            return try? file?.verdict(.enable).status
        }
        #expect(memory.disk.waitForHeldReads(1))
        try memory.open("data").close()
        memory.disk.stopHoldingReads()
        #expect(enable.wait() == .success)
        #expect(try ask("data") == (.success, true))
        #expect(try ask("data") == (.success, false))
    }

    /// A second change within the same tick of the file system's clock would leave no trace.
    @Test(arguments: [(0, true), (1, true), (2, false)] as [(Int64, Bool)])
    func aFileIsScannedAgainUntilItHadBeenLeftAlone(age: Int64, isScannedAgain: Bool) throws {
        try attachScanner(now: age)
        try memory.make("data", [UInt8](repeating: 65, count: 64))
        #expect(try ask("data") == (.success, true))
        #expect(try ask("data") == (.success, isScannedAgain))
    }

    @Test func theTableIsBounded() throws {
        let instance = try attachScanner(keeping: 4)
        for number in 0..<20 {
            try memory.make(.init("file\(number)"), [UInt8](repeating: 65, count: 64))
            #expect(try ask(.init("file\(number)")) == (.success, true))
            #expect(try ask("file0") == (.success, false), "it is used all the time")
        }
        let kept = try #require(instance.context(on: .instance) as? KeptVerdicts)
        #expect(kept.count <= 4)
        #expect(try ask("file19") == (.success, false))
        #expect(try ask("file3") == (.success, true), "evicted, so scanned again")
    }

    @Test func whatIsFoundIsTold() throws {
        try attachScanner()
        try memory.make("bad", Array("good EVIL!".utf8))
        #expect(try ask("bad").status == .virusInfected)
        #expect(try ask("bad").status == .virusInfected)
        let file = try memory.volume.open("bad", requestor: .user(7, process: 12))
        defer { file.close() }
        #expect(throws: IOFailure(.virusInfected)) { try file.read(at: 0, length: 10) }
        let told = findings.told.withLock { $0 }
        #expect(told.map(\.occasion) == [.scan, .read])
        #expect(told.allSatisfy { $0.signature == "Evil" && $0.path == "bad" })
        #expect(told.last?.requestor.processID == 12)
        #expect(told.last?.file == file.stream.id)
    }
}
