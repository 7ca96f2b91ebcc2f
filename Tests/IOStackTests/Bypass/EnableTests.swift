import BypassIOProtocol
import MemoryFileSystem
import SystemPackage
import Testing

@testable import IOStack

@Suite("ENABLE, DISABLE, QUERY and GET_INFO, spec 4.3, 4.5 and 6")
struct EnableTests {
    let volumeDriver = ScriptedVolumeDriver(name: "fvevol.sys")
    let memory: MemoryVolume

    init() {
        memory = MemoryVolume(drivers: [volumeDriver])
    }

    @Test("spec 4.3: bypass is per file object, and a repeated ENABLE counts once")
    func perFileObject() throws {
        let one = try memory.file()
        let two = try memory.volume.open("data", options: .nonCached)
        for _ in 0..<3 {
            #expect(try one.bypassIO(.enable).results == BypassIOResults())
        }
        #expect(one.isBypassEnabled && !two.isBypassEnabled)
        #expect(memory.volume.activeBypassCount == 1 && one.stream.bypassOpenCount == 1)
        _ = try two.bypassIO(.enable)
        #expect(memory.volume.activeBypassCount == 2 && one.stream.bypassOpenCount == 2)
        _ = try one.bypassIO(.disable)
        #expect(memory.volume.activeBypassCount == 1 && !one.isBypassEnabled)
        _ = try one.read(at: 0, length: 512)
        _ = try two.read(at: 0, length: 512)
        #expect(one.routes == [.traditional: 1] && two.routes == [.fullBypass: 1])
    }

    @Test("spec 4.3: DISABLE never fails and is ignored where bypass is not enabled")
    func disable() throws {
        let file = try memory.file()
        let root = try memory.volume.open("")
        for target in [file, root] {
            let (block, output) = target.send(
                try BypassIOOperation.disable.input(), outputLength: 24)
            #expect(block == IOStatusBlock(.success, information: 24))
            #expect(try FSBypassIOOutput(decoding: output.span).operation == .disable)
        }
        #expect(memory.disk.controls.isEmpty)
        _ = try file.bypassIO(.enable)
        let user = Requestor.user(1000)
        #expect(try file.bypassIO(.disable, requestor: user).body == .none)
        _ = try file.bypassIO(.disable)
        #expect(memory.volume.activeBypassCount == 0)
    }

    @Test("DISABLE and close return when the bypassed reads in flight are done")
    func disableDrains() throws {
        let memory = self.memory
        for ends in [false, true] {
            let file = try memory.enabledFile()
            memory.disk.holdReads()
            let read = OwnThread { try file.read(at: 512, length: 512) }
            #expect(memory.disk.waitForHeldReads(1))
            let end = OwnThread {
                if ends { file.close() } else { _ = try file.bypassIO(.disable) }
            }
            #expect(eventually { !file.isBypassEnabled })
            #expect(end.isStillRunning())
            memory.disk.stopHoldingReads()
            try end.result()
            #expect(try read.result() == Array(pattern(8192)[512..<1024]))
            #expect(file.stream.bypassedReadsInFlight == 0)
            if !ends { file.close() }
        }
    }

    @Test("a DISABLE that finds the bypass taken away by another waits for the same reads")
    func disablesAtOnce() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 512, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let first = OwnThread { _ = try file.bypassIO(.disable) }
        #expect(eventually { !file.isBypassEnabled })
        let second = OwnThread { _ = try file.bypassIO(.disable) }
        #expect(second.isStillRunning() && first.isStillRunning())
        memory.disk.stopHoldingReads()
        try first.result()
        try second.result()
        #expect(try read.result() == Array(pattern(8192)[512..<1024]))
        file.close()
    }

    @Test("spec 4.5: the storage IOCTL is sent exactly on 0→1 and on 1→0")
    func transitions() throws {
        let one = try memory.file("one")
        let two = try memory.file("two")
        _ = try one.bypassIO(.enable)
        #expect(memory.disk.controls == [.enable] && volumeDriver.controls == [.enable])
        _ = try two.bypassIO(.enable)
        _ = try one.bypassIO(.enable)
        _ = try one.bypassIO(.disable)
        #expect(memory.disk.controls == [.enable])
        two.close()
        #expect(memory.disk.controls == [.enable, .disable])
        _ = try one.bypassIO(.disable)
        _ = try one.bypassIO(.enable)
        #expect(memory.disk.controls == [.enable, .disable, .enable])
        #expect(volumeDriver.controls == memory.disk.controls)
    }

    @Test("spec 6.7: a close without DISABLE and a dropped file object count down")
    func closeAndDrop() throws {
        let kept = try memory.enabledFile("kept")
        do {
            let closed = try memory.enabledFile("closed")
            #expect(memory.volume.activeBypassCount == 2)
            closed.close()
            closed.close()
            #expect(memory.volume.activeBypassCount == 1)
        }
        do {
            let dropped = try memory.enabledFile("dropped")
            #expect(dropped.isBypassEnabled && memory.volume.activeBypassCount == 2)
        }
        #expect(memory.volume.activeBypassCount == 1)
        #expect(try kept.bypassIO(.getInfo).info?.activeBypassIOCount == 1)
        kept.close()
        #expect(memory.volume.activeBypassCount == 0)
        #expect(memory.disk.controls.last == .disable)
        #expect(memory.disk.openHandles == 0)
    }

    @Test("spec 6.7: GET_INFO counts open enabled file objects, paused ones included")
    func getInfo() throws {
        let file = try memory.enabledFile("one")
        let other = try memory.enabledFile("two")
        _ = try file.bypassIO(.streamPause)
        _ = try file.bypassIO(.volumeStackPause)
        let root = try memory.volume.open("")
        let answer = try root.bypassIO(.getInfo)
        #expect(answer.info?.activeBypassIOCount == 2)
        #expect(answer.info?.storageDriverName.string == "memdisk")
        #expect(answer.flags == [.volumeStackBypassPaused, .compatibleStorageDriver])
        other.close()
        #expect(try root.bypassIO(.getInfo).info?.activeBypassIOCount == 1)
    }

    @Test("spec 6.5: ENABLE succeeds past a volume driver's veto, QUERY carries it: partial")
    func partial() throws {
        volumeDriver.veto = StorageVeto(
            .notSupportedWithEncryption, reason: "BitLocker Drive Encryption is enabled.")
        let file = try memory.file()
        let enabled = try file.bypassIO(.enable)
        #expect(enabled.results == BypassIOResults())
        // Spec 4.3: the storage driver is compatible, whatever a volume driver says.
        #expect(enabled.flags == .compatibleStorageDriver)
        let query = try file.query()
        #expect(query.status == .notSupportedWithEncryption)
        #expect(query.driverName.string == "fvevol.sys")
        #expect(query.failureReason.string == "BitLocker Drive Encryption is enabled.")
        #expect(try file.query(.skipStorageStackQuery) == BypassIOResults())
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.filterBypass: 1])
        // The file system never asked the storage driver: the first veto ends the control.
        #expect(memory.disk.controls.isEmpty)
        file.close()
        #expect(memory.disk.controls == [.disable])
    }

    @Test("spec 4.5: a storage driver's veto, and one that never opted in, are partial too")
    func storageVeto() throws {
        memory.disk.veto = StorageVeto(.accessDenied, reason: "Busy.")
        let file = try memory.file()
        #expect(try file.bypassIO(.enable).results?.status == .success)
        var query = try file.query()
        #expect(query.status == .accessDenied && query.driverName.string == "memdisk")
        memory.disk.supportsBypassIO = false
        query = try file.query()
        #expect(query.status == .noBypassIODriverSupport && query.driverName.string == "memdisk")
        #expect(try file.bypassIO(.query).flags == [])
        #expect(try file.query(.skipStorageStackQuery).status == .success)
        volumeDriver.supportsBypassIO = false
        query = try file.query()
        #expect(query.status == .noBypassIODriverSupport)
        #expect(query.driverName.string == "fvevol.sys")
    }

    @Test("an explaining tool hears every driver, top to bottom, not only the first veto")
    func answers() throws {
        volumeDriver.veto = StorageVeto(.notSupportedWithSnapshot, reason: "Snapshot.")
        memory.disk.supportsBypassIO = false
        let file = try memory.file()
        _ = try file.bypassIO(.enable)
        #expect(try file.query().driverName.string == "fvevol.sys")
        let answers = memory.volume.stack.answers(to: .query)
        #expect(answers.map(\.driver) == ["fvevol.sys", "memdisk"])
        #expect(answers.map(\.layer) == [.volume, .storage])
        #expect(
            answers.map(\.veto?.status) == [.notSupportedWithSnapshot, .noBypassIODriverSupport])
    }

    @Test("spec 6.6: COMPATIBLE_STORAGE_DRIVER is told by ENABLE, QUERY and GET_INFO only")
    func outputFlags() throws {
        let file = try memory.enabledFile()
        let telling: Set<BypassIOOperation> = [.enable, .query, .getInfo]
        for operation in BypassIOOperation.all {
            // Each operation meets a fresh state: no pause, and the file enabled.
            _ = try file.bypassIO(.enable)
            var expected: BypassIOOutputFlags =
                telling.contains(operation) ? .compatibleStorageDriver : []
            if operation == .streamPause { expected.insert(.streamBypassPaused) }
            if operation == .volumeStackPause { expected.insert(.volumeStackBypassPaused) }
            #expect(try file.bypassIO(operation).flags == expected, "\(operation)")
            _ = try file.bypassIO(.streamResume)
            _ = try file.bypassIO(.volumeStackResume)
        }
        _ = try file.bypassIO(.enable)
        _ = try file.bypassIO(.streamPause)
        _ = try file.bypassIO(.volumeStackPause)
        for operation in [BypassIOOperation.enable, .query, .getInfo] {
            #expect(
                try file.bypassIO(operation).flags == [
                    .volumeStackBypassPaused, .streamBypassPaused, .compatibleStorageDriver,
                ])
        }
        _ = try file.bypassIO(.streamResume)
        #expect(try file.bypassIO(.streamResume).flags == .volumeStackBypassPaused)
        #expect(try file.bypassIO(.volumeStackResume).flags == [])
    }

    @Test("a file object without read access does not read, with bypass as without")
    func readAccess() throws {
        _ = try memory.file()
        let writer = try memory.volume.open("data", access: .write, options: .nonCached)
        #expect(failure { try writer.read(at: 0, length: 512) } == .accessDenied)
        _ = try writer.bypassIO(.enable)
        #expect(writer.isBypassEnabled)
        #expect(failure { try writer.read(at: 0, length: 512) } == .accessDenied)
    }

    @Test("a read of a file object without data leaves no read in flight behind")
    func noData() throws {
        _ = try memory.file()
        let bare = try memory.volume.open("data", options: [.nonCached, .attributesOnly])
        _ = try bare.bypassIO(.enable)
        #expect(failure { try bare.read(at: 0, length: 512) } == .fileIsADirectory)
        #expect(bare.stream.bypassedReadsInFlight == 0)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
        try onOwnThread { bare.close() }
    }
}
