import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import Testing

@Suite struct ChangeTests {
    private let scanned: ScannedVolume
    private var memory: MemoryVolume { scanned.memory }

    init() throws {
        scanned = try ScannedVolume()
    }

    @Test("spec 4.4: veto first, then pause, then the write")
    func aWriteToACleanFilePausesBeforeItGoesOn() throws {
        let file = try scanned.openClean()
        defer { file.close() }
        let stream = file.stream
        let scanned = self.scanned
        let wasReady = Guarded<[Bool]>([])
        scanned.driver.onTransfer { transfer in
            guard transfer.direction == .write else { return }
            let state = ContentScanner.verdict(on: stream, by: scanned.instance)
            let isReady =
                state == .unknown && stream.isPaused && stream.bypassedReadsInFlight == 0
            wasReady.withLock { $0.append(isReady) }
        }
        try file.write([66], at: 0)
        #expect(wasReady.withLock { $0 } == [true])
        #expect(scanned.verdict(on: file) == .unknown)
        #expect(try file.routeOfRead() == .storageBypass)
    }

    @Test("spec 4.4: STREAM_RESUME asks again, and the scan decides")
    func aResumeScansWhatWasWritten() throws {
        let file = try scanned.openClean()
        defer { file.close() }
        try file.write(Array("BBBB".utf8), at: 10)
        #expect(try file.verdict(.streamResume).status == .success)
        #expect(try file.routeOfRead() == .fullBypass)
        try file.write(ScannedVolume.evil, at: 10)
        let verdict = try file.verdict(.streamResume)
        #expect(verdict.status == .virusInfected)
        #expect(verdict.driverName.string == "contentscan")
        #expect(file.stream.isPaused)
        #expect(throws: IOFailure(.virusInfected)) { try file.read(at: 0, length: 64) }
        try file.write(Array("CCCCC".utf8), at: 10)
        #expect(try file.verdict(.streamResume).status == .success)
        #expect(try file.routeOfRead() == .fullBypass)
    }

    @Test func aWriteWaitsForBypassedReadsInFlight() throws {
        let file = try scanned.openClean()
        defer { file.close() }
        let disk = memory.disk
        let before = disk.writes.count
        disk.holdReads()
        let read = BackgroundCall { (try? file.read(at: 0, length: 64)) ?? [] }
        #expect(disk.waitForHeldReads(1))
        let first = BackgroundCall { (try? file.write(ScannedVolume.evil, at: 0)) != nil }
        #expect(!first.hasReturned)
        // The first writer's pause is in force; the second writer must wait for the same read.
        let second = BackgroundCall { (try? file.write(ScannedVolume.evil, at: 9)) != nil }
        #expect(!second.hasReturned)
        #expect(disk.writes.count == before)
        disk.stopHoldingReads()
        #expect(first.wait() == true)
        #expect(second.wait() == true)
        #expect(read.wait() == [UInt8](repeating: 65, count: 64), "none of what was written")
    }

    @Test(
        "spec 4.4: an ENABLE that is not back yet is paused by a write, which does not wait for it")
    func aWritePausesAnEnableThatPassed() throws {
        try memory.make("data", [UInt8](repeating: 65, count: 64))
        let hold = ControlHold(.enable)
        try memory.attach(hold.registration)
        let (file, writer) = (try memory.open("data"), try memory.open("data"))
        defer {
            file.close()
            writer.close()
        }
        let enable = BackgroundCall { (try? file.verdict(.enable))?.status }
        #expect(hold.waitForArrival())
        try writer.write(ScannedVolume.evil, at: 0)
        #expect(file.stream.isPaused)
        #expect(throws: IOFailure(.virusInfected)) { try file.read(at: 0, length: 64) }
        hold.release()
        #expect(enable.wait() == .success)
    }

    @Test func aWriteWhoseHandleIsClosedMeanwhileDoesNotGoOnUnpaused() throws {
        let bypassed = try scanned.openClean()
        defer { bypassed.close() }
        let writer = try memory.open("data")
        try memory.attach(
            FilterRegistration(
                name: "closer", altitude: Altitude(integer: 400_500), supportedFeatures: .bypassIO,
                operations: [
                    OperationRegistration(
                        .write,
                        preOperation: { data, _ in
                            data.fileObject?.close()
                            return .successNoCallback
                        })
                ]))
        let before = memory.disk.writes.count
        #expect(throws: IOFailure(.fileClosed)) { try writer.write(ScannedVolume.evil, at: 0) }
        #expect(memory.disk.writes.count == before)
        // The end of that change was counted: a scan can find the file clean again.
        #expect(try bypassed.verdict().status == .notSupportedWithMonitoring)
        #expect(try bypassed.verdict(.enable).status == .success)
        #expect(try bypassed.verdict().status == .success)
        #expect(try bypassed.routeOfRead() == .fullBypass)
    }

    @Test(
        "spec 4.4: every change of the content counts",
        arguments: [
            .endOfFile(10), .endOfFile(1000), .allocation(.punchHole, offset: 0, length: 8),
            .allocation(.zeroRange, offset: 0, length: 8),
            .allocation(.collapseRange, offset: 0, length: 8),
            .allocation(.insertRange, offset: 8, length: 8),
            .allocation(.extend, offset: 0, length: 100),
        ] as [FileChange])
    func changesOfContentPause(change: FileChange) throws {
        let file = try scanned.openClean()
        defer { file.close() }
        try file.apply(change)
        #expect(scanned.verdict(on: file) == .unknown)
        #expect(file.stream.isPaused)
        #expect(try file.verdict(.streamResume).status == .success)
        #expect(!file.stream.isPaused)
    }

    @Test(
        arguments: [
            .permissions(0o600), .times(access: .now, modification: nil),
            .owner(userID: 1, groupID: nil),
        ] as [FileChange])
    func changesBesideTheContentDoNotPause(change: FileChange) throws {
        let file = try scanned.openClean()
        defer { file.close() }
        try file.apply(change)
        #expect(scanned.verdict(on: file) == .clean)
        #expect(try file.routeOfRead() == .fullBypass)
    }

    @Test func aPunchedHoleThatMakesASignatureIsFound() throws {
        let zeros = try ScannedVolume(patterns: [[65, 0, 0, 0, 0, 65]])
        let file = try zeros.openClean()
        defer { file.close() }
        try file.apply(.allocation(.punchHole, offset: 8, length: 4))
        #expect(try file.verdict(.streamResume).failureReason.string.contains("Extra"))
    }

    @Test func aFileOverwrittenByAnOpenIsNotInfectedAnyMore() throws {
        try memory.make("data", ScannedVolume.evil)
        let file = try memory.open("data")
        defer { file.close() }
        #expect(try file.verdict(.enable).status == .virusInfected)
        let other = try memory.volume.open(
            "data", access: [.read, .write], disposition: .overwrite)
        other.close()
        #expect(scanned.verdict(on: file) == .unknown)
        #expect(try file.verdict().status == .success)
    }

    @Test func aDetachedScannerLeavesNoPauseBehind() throws {
        let file = try scanned.openClean()
        defer { file.close() }
        try file.write([66], at: 0)
        #expect(file.stream.isPaused)
        try memory.manager.filterManager.detach(scanned.instance)
        #expect(try file.routeOfRead() == .fullBypass)
    }
}
