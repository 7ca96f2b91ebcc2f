import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@testable import Minifilters

@Suite struct RequireEveryReadTests {
    private let memory = MemoryVolume()
    private let audit = ReadAudit()

    init() throws {
        try memory.attach(audit.registration)
        try memory.make("data", [UInt8](repeating: 7, count: 64))
    }

    @Test("spec 4.3: the veto carries Win32 499, the filter's name and a reason")
    func vetoOfEnableAndQuery() throws {
        let file = try memory.open("data")
        defer { file.close() }
        audit.requireEveryRead(true)
        for operation in [BypassIOOperation.enable, .query] {
            let verdict = try file.verdict(operation)
            #expect(verdict.status == .notSupportedWithAuditing)
            #expect(verdict.status.win32 == 499)
            #expect(verdict.driverName.string == "readaudit")
            #expect(verdict.failureReason.string == "Every read of this volume is being audited.")
        }
        #expect(!file.isBypassEnabled)
        audit.requireEveryRead(false)
        #expect(try file.verdict(.enable).status == .success)
        #expect(try file.routeOfRead() == .fullBypass)
    }

    @Test("spec 4.4: veto, then pause and drain; off again resumes")
    func pausesWhatHasBypassAndResumesIt() throws {
        let file = try memory.openBypassed("data")
        defer { file.close() }
        memory.disk.holdReads()
        let read = BackgroundCall { (try? file.read(at: 0, length: 16))?.count }
        #expect(memory.disk.waitForHeldReads(1))
        let audit = self.audit
        let required = BackgroundCall { audit.requireEveryRead(true) }
        #expect(!required.hasReturned, "a bypassed read is still in flight")
        memory.disk.stopHoldingReads()
        #expect(required.wait() != nil)
        #expect(read.wait() == 16)
        #expect(file.stream.isPaused)
        #expect(file.stream.bypassedReadsInFlight == 0)
        #expect(audit.readsSeen == 0)
        #expect(try file.routeOfRead() == .storageBypass)
        #expect(audit.readsSeen == 1)
        audit.requireEveryRead(false)
        #expect(!file.stream.isPaused)
        #expect(try file.routeOfRead() == .fullBypass)
        #expect(audit.readsSeen == 1)
    }

    @Test("spec 4.4: an ENABLE that the file system carried out and that is not back yet is paused")
    func enableThatPassedBeforeTheVeto() throws {
        let hold = ControlHold(.enable)
        try memory.attach(hold.registration)
        let file = try memory.open("data")
        defer { file.close() }
        let enable = BackgroundCall { (try? file.verdict(.enable))?.status }
        #expect(hold.waitForArrival())
        // The file system has enabled bypass, and no filter above the held request knows it yet.
        #expect(try file.routeOfRead() == .fullBypass)
        audit.requireEveryRead(true)
        #expect(file.stream.isPaused)
        let before = audit.readsSeen
        #expect(try file.routeOfRead() == .storageBypass)
        #expect(audit.readsSeen == before + 1)
        hold.release()
        #expect(enable.wait() == .success)
    }

    @Test("spec 4.4: somebody else's STREAM_RESUME meets the veto")
    func resumeOfOthersIsVetoed() throws {
        let file = try memory.openBypassed("data")
        defer { file.close() }
        audit.requireEveryRead(true)
        #expect(try file.verdict(.streamResume).driverName.string == "readaudit")
        #expect(file.stream.isPaused)
    }

    @Test func allHandlesOfAllVolumesArePaused() throws {
        let second = MemoryVolume(named: "second")
        try second.attach(audit.registration)
        try second.make("other", [1])
        let files = [
            try memory.openBypassed("data"), try memory.openBypassed("data"),
            try second.openBypassed("other"),
        ]
        defer { for file in files { file.close() } }
        audit.requireEveryRead(true)
        for file in files { #expect(try file.routeOfRead(length: 1) == .storageBypass) }
        #expect(audit.readsSeen == 3)
        audit.requireEveryRead(false)
        for file in files { #expect(try file.routeOfRead(length: 1) == .fullBypass) }
    }

    @Test func noFileIsKeptAlive() throws {
        weak var dropped: FileObject?
        do { dropped = try memory.openBypassed("data") }
        #expect(dropped == nil)
        let open = try memory.openBypassed("data")
        defer { open.close() }
        audit.requireEveryRead(true)
        audit.requireEveryRead(false)
        #expect(try open.routeOfRead() == .fullBypass)
    }

    @Test func aFilterThatIsDetachedLeavesNoPauseBehind() throws {
        let file = try memory.openBypassed("data")
        defer { file.close() }
        audit.requireEveryRead(true)
        #expect(file.stream.isPaused)
        let instance = try #require(memory.volume.instances.first)
        try memory.manager.filterManager.detach(instance)
        #expect(!file.stream.isPaused)
        #expect(try file.routeOfRead() == .fullBypass)
    }

    @Test func callersThatDisagreeLeaveThePauseOfTheLastOne() throws {
        let file = try memory.openBypassed("data")
        defer { file.close() }
        let audit = self.audit
        for _ in 0..<200 {
            let on = BackgroundCall { audit.requireEveryRead(true) }
            audit.requireEveryRead(false)
            #expect(on.wait() != nil)
            #expect(file.stream.isPaused == audit.requiresEveryRead)
        }
    }

    @Test("spec 4.4: no read goes past the filter while it requires every read")
    func noReadGoesPastWhileRequired() throws {
        let memory = self.memory
        let isStopped = Flag()
        let files = try (0..<3).map { _ in try memory.open("data") }
        let readers = files.map { file in
            BackgroundCall {
                while !isStopped.isSet {
                    _ = try? file.bypassIO(.enable)
                    for _ in 0..<20 { _ = try? file.read(at: 0, length: 16) }
                    _ = try? file.bypassIO(.disable)
                }
                file.close()
            }
        }
        for _ in 0..<40 {
            audit.requireEveryRead(true)
            let bypassed = files.map { $0.reads(.fullBypass) }
            let seen = audit.readsSeen
            #expect(wait(until: { audit.readsSeen >= seen + 50 }))
            #expect(files.map { $0.reads(.fullBypass) } == bypassed)
            audit.requireEveryRead(false)
        }
        isStopped.set()
        #expect(readers.allSatisfy { $0.wait() != nil })
        #expect(memory.volume.activeBypassCount == 0)
    }
}
