import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import Testing

@Suite struct ScanTests {
    private static let chunk = 1 << 20

    private func verdict(of content: [UInt8], by scanned: ScannedVolume) throws -> NTStatus {
        try scanned.memory.make("data", content)
        let file = try scanned.memory.open("data")
        defer { file.close() }
        return try file.verdict(.enable).status
    }

    @Test("spec 4.3: an ENABLE of a clean file passes, once scanned without another scan")
    func aCleanFileMayBypass() throws {
        let scanned = try ScannedVolume()
        let file = try scanned.openClean()
        defer { file.close() }
        let reads = scanned.memory.disk.reads.count
        #expect(try file.verdict().status == .success)
        #expect(scanned.memory.disk.reads.count == reads)
        #expect(try file.routeOfRead() == .fullBypass)
    }

    @Test("spec 4.3: the veto names the filter and the signature")
    func anInfectedFileMayNotBypass() throws {
        let scanned = try ScannedVolume()
        try scanned.memory.make("data", Array("some EVIL! bytes".utf8))
        let file = try scanned.memory.open("data")
        defer { file.close() }
        for operation in [BypassIOOperation.enable, .query] {
            let verdict = try file.verdict(operation)
            #expect(verdict.status == .virusInfected)
            #expect(verdict.driverName.string == "contentscan")
            #expect(verdict.failureReason.string == "The file holds the signature Evil.")
        }
        #expect(!file.isBypassEnabled)
        #expect(scanned.verdict(on: file) == .infected(signature: "Evil"))
    }

    @Test func theScansReadsAreSeenOnlyBelow() throws {
        let scanned = try ScannedVolume()
        let audit = ReadAudit()
        let heat = AccessHeat()
        try scanned.memory.attach(audit.registration)
        try scanned.memory.attach(heat.registration)
        let file = try scanned.openClean(count: Self.chunk + 1)
        defer { file.close() }
        #expect(audit.readsSeen == 0)
        #expect(scanned.scanner.readsSeen == 0)
        #expect(heat.readsSeen == 2)
    }

    @Test func aMatchAcrossTheSeamOfTwoChunksIsFound() throws {
        let scanned = try ScannedVolume()
        let pattern = ScannedVolume.evil
        for before in 0...pattern.count {
            var content = [UInt8](repeating: 46, count: Self.chunk + 100)
            let start = Self.chunk - before
            content.replaceSubrange(start..<start + pattern.count, with: pattern)
            #expect(try verdict(of: content, by: scanned) == .virusInfected, "\(before) before")
        }
        // The two halves of a signature do not match when other bytes lie between them.
        var content = [UInt8](repeating: 46, count: Self.chunk + 100)
        content.replaceSubrange(Self.chunk - 3..<Self.chunk, with: pattern[..<3])
        content.replaceSubrange(Self.chunk + 1..<Self.chunk + 3, with: pattern[3...])
        #expect(try verdict(of: content, by: scanned) == .success)
    }

    @Test func aMatchInAShortLastChunkIsFound() throws {
        let scanned = try ScannedVolume()
        var content = [UInt8](repeating: 46, count: Self.chunk - 3)
        content += ScannedVolume.evil
        #expect(content.count == Self.chunk + 2)
        #expect(try verdict(of: content, by: scanned) == .virusInfected)
    }

    @Test func aPatternLongerThanAChunkIsFoundAcrossThree() throws {
        let pattern = (0..<Self.chunk + Self.chunk / 2).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let scanned = try ScannedVolume(patterns: [pattern])
        let margin = [UInt8](repeating: 255, count: Self.chunk - 10)
        #expect(try verdict(of: margin + pattern + [1, 2], by: scanned) == .virusInfected)
        #expect(try verdict(of: margin + pattern.dropLast() + [1, 2], by: scanned) == .success)
    }

    @Test(arguments: ["", "E", "EVIL", "VIL!", "WORS"])
    func aFileWithoutRoomForAPatternIsClean(content: String) throws {
        let scanned = try ScannedVolume()
        #expect(try verdict(of: Array(content.utf8), by: scanned) == .success)
    }

    @Test func aScannerWithoutSignaturesFindsEverythingClean() throws {
        let memory = MemoryVolume()
        try memory.attach(ContentScanner(signatures: []).registration)
        try memory.make("data", Array("EVIL!".utf8))
        let file = try memory.openBypassed("data")
        defer { file.close() }
        #expect(try file.read(at: 0, length: 5) == ScannedVolume.evil)
    }

    @Test func aFileThatCannotBeReadMayNotBypassAndIsNotCalledInfected() throws {
        let scanned = try ScannedVolume()
        try scanned.memory.make("data", [1, 2, 3])
        let file = try scanned.memory.open("data")
        defer { file.close() }
        scanned.memory.disk.readErrno = 5
        let verdict = try file.verdict(.enable)
        #expect(verdict.status == .notSupportedWithMonitoring)
        #expect(verdict.driverName.string == "contentscan")
        scanned.memory.disk.readErrno = nil
        #expect(try file.verdict(.enable).status == .success)
    }

    @Test("spec 4.2: a QUERY of a directory or the volume scans nothing")
    func directoriesAreNotScanned() throws {
        let scanned = try ScannedVolume()
        let folder = try scanned.memory.volume.open(
            CreateParameters(path: "folder", disposition: .create, kind: .directory))
        let root = try scanned.memory.volume.open("")
        defer {
            folder.close()
            root.close()
        }
        #expect(try folder.verdict().status == .success)
        #expect(try root.verdict().status == .success)
        #expect(scanned.memory.disk.reads.isEmpty)
    }
}
