import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Pauses and resumes, spec 4.4 and 6.8")
struct PauseTests {
    let volumeDriver = ScriptedVolumeDriver(name: "volsnap.sys")
    let memory: MemoryVolume

    init() {
        memory = MemoryVolume(drivers: [volumeDriver])
    }

    @Test("spec 4.4: STREAM_PAUSE drains the stream before it returns; storage stays bypassed")
    func streamPause() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        let other = try memory.enabledFile("other")
        memory.disk.holdReads()
        let reads = (0..<2).map { n in
            OwnThread { try file.read(at: UInt64(n) * 512, length: 512) }
        }
        let unrelated = OwnThread { try other.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(3))
        let pause = OwnThread { try file.bypassIO(.streamPause) }
        #expect(eventually { file.stream.isPaused })
        #expect(pause.isStillRunning())
        let isOther = memory.disk.heldReads.map { $0.handle == other.storage }
        // In either order, the pause waits only for the two reads of its own stream.
        memory.disk.releaseOldest(isOther[0] ? 3 : 1)
        if !isOther[0] {
            #expect(pause.isStillRunning())
            memory.disk.releaseOldest(2)
        }
        #expect(try pause.result().flags == .streamBypassPaused)
        for read in reads { #expect(try read.result().count == 512) }
        memory.disk.stopHoldingReads()
        _ = try unrelated.result()
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.fullBypass: 2, .storageBypass: 1])
        #expect(file.causes == [.streamPaused: 1])
        #expect(volumeDriver.reads == 0)
        _ = try other.read(at: 0, length: 512)
        #expect(other.routes == [.fullBypass: 2])
    }

    @Test("spec 4.4: a pause does not wait for reads of other streams")
    func pauseIsPerStream() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        let other = try memory.enabledFile("other")
        memory.disk.holdReads()
        let read = OwnThread { try other.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        _ = try OwnThread { try file.bypassIO(.streamPause) }.result()
        #expect(file.stream.isPaused && !other.stream.isPaused)
        memory.disk.stopHoldingReads()
        _ = try read.result()
    }

    @Test("spec 4.4: VOLUME_STACK_PAUSE drains the storage bypass; filters stay bypassed")
    func volumePause() throws {
        let memory = self.memory
        let trace = Trace()
        let file = try memory.enabledFile()
        try memory.attach(tracer("filter", at: "100", trace))
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let pause = OwnThread { try file.bypassIO(.volumeStackPause) }
        #expect(eventually { memory.volume.isStorageBypassPaused })
        #expect(pause.isStillRunning())
        memory.disk.stopHoldingReads()
        #expect(try pause.result().flags == .volumeStackBypassPaused)
        _ = try read.result()
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.fullBypass: 1, .filterBypass: 1])
        #expect(volumeDriver.reads == 1 && trace.notes.isEmpty)
        // A pause can be repeated.
        #expect(try file.bypassIO(.volumeStackPause).flags == .volumeStackBypassPaused)
    }

    @Test("spec 4.4: VOLUME_STACK_PAUSE does not wait for reads that walk the volume stack")
    func volumePauseIgnoresFilterBypass() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        _ = try file.bypassIO(.volumeStackPause)
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        _ = try OwnThread { try file.bypassIO(.volumeStackPause) }.result()
        #expect(memory.volume.bypassedReadsInFlight == (1, 0))
        memory.disk.stopHoldingReads()
        _ = try read.result()
    }

    @Test("spec 4.4: VOLUME_STACK_PAUSE waits for the storage bypass of a paused stream, too")
    func volumePauseDrainsPausedStream() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        _ = try file.bypassIO(.streamPause)
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        #expect(memory.volume.bypassedReadsInFlight == (0, 1))
        let pause = OwnThread { try file.bypassIO(.volumeStackPause) }
        #expect(eventually { memory.volume.isStorageBypassPaused })
        #expect(pause.isStillRunning())
        memory.disk.stopHoldingReads()
        _ = try pause.result()
        _ = try read.result()
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.storageBypass: 1, .traditional: 1])
    }

    @Test("spec 4.4: pauses and resumes are legal and harmless where nothing is enabled")
    func harmless() throws {
        let file = try memory.file()
        #expect(try file.bypassIO(.streamPause).flags == [])
        #expect(!file.stream.isPaused)
        #expect(try file.bypassIO(.streamResume).results == BypassIOResults())
        #expect(try file.bypassIO(.volumeStackResume).results == BypassIOResults())
        let root = try memory.volume.open("")
        #expect(try root.bypassIO(.volumeStackPause).flags == .volumeStackBypassPaused)
        _ = try file.bypassIO(.enable)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.filterBypass: 1])
        #expect(try root.bypassIO(.volumeStackResume).results == BypassIOResults())
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.filterBypass: 1, .fullBypass: 1])
    }

    @Test("spec 4.4: VOLUME_STACK_RESUME asks the drivers and reports who still vetoes")
    func volumeResume() throws {
        let file = try memory.enabledFile()
        _ = try file.bypassIO(.volumeStackPause)
        volumeDriver.veto = StorageVeto(
            .volsnapNoBypassIOWithSnapshot, reason: "A snapshot exists.")
        let answer = try file.bypassIO(.volumeStackResume)
        #expect(answer.results?.status == NTStatus(rawValue: 0xC050_0005))
        #expect(answer.results?.driverName.string == "volsnap.sys")
        #expect(answer.flags == .volumeStackBypassPaused)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.filterBypass: 1])
        volumeDriver.veto = nil
        #expect(try file.bypassIO(.volumeStackResume).results == BypassIOResults())
        #expect(!memory.volume.isStorageBypassPaused)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.filterBypass: 1, .fullBypass: 1])
    }

    @Test("spec 4.4: VOLUME_STACK_RESUME lifts the refusal of an earlier ENABLE, too")
    func resumeAfterRefusal() throws {
        volumeDriver.veto = StorageVeto(.notSupportedWithSnapshot, reason: "Snapshot.")
        let file = try memory.enabledFile()
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.filterBypass: 1])
        volumeDriver.veto = nil
        #expect(try file.bypassIO(.volumeStackResume).results == BypassIOResults())
        #expect(memory.disk.controls == [.query, .enable])
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.filterBypass: 1, .fullBypass: 1])
    }

    @Test("spec 4.4: STREAM_RESUME asks from the top and names who still blocks; no counting")
    func severalPausers() throws {
        let high = Box<(NTStatus, String)?>((.notSupportedWithMonitoring, "High."))
        let low = Box<(NTStatus, String)?>((.notSupportedWithReplication, "Low."))
        let file = try memory.enabledFile()
        let upper = try memory.attach(vetoer("high", at: "300", while: high))
        let lower = try memory.attach(vetoer("low", at: "100", while: low))
        _ = try upper.bypassIO(.streamPause, on: file)
        _ = try upper.bypassIO(.streamPause, on: file)
        _ = try lower.bypassIO(.streamPause, on: file)
        // The lower filter sends the control, the higher filter answers it.
        var answer = try lower.bypassIO(.streamResume, on: file)
        #expect(answer.results?.driverName.string == "high")
        #expect(answer.flags == .streamBypassPaused)
        high.value = nil
        answer = try upper.bypassIO(.streamResume, on: file)
        #expect(answer.results?.status == .notSupportedWithReplication)
        #expect(file.stream.isPaused)
        low.value = nil
        answer = try lower.bypassIO(.streamResume, on: file)
        #expect(answer.results == BypassIOResults() && answer.flags == [])
        #expect(!file.stream.isPaused)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.fullBypass: 1])
    }

    @Test("spec 4.4: storage drivers have no say in STREAM_RESUME, the file system has")
    func streamResumeVerdict() throws {
        let file = try memory.enabledFile()
        volumeDriver.veto = StorageVeto(.notSupportedWithSnapshot, reason: "Snapshot.")
        _ = try file.bypassIO(.streamPause)
        try memory.fileSystem.setAttributes(.encrypted, at: "data")
        let answer = try file.bypassIO(.streamResume)
        #expect(answer.results?.status == .encryptedFileNotSupported)
        #expect(answer.results?.driverName.string == "memfs" && file.stream.isPaused)
        try memory.fileSystem.setAttributes([], at: "data")
        #expect(try file.bypassIO(.streamResume).results == BypassIOResults())
    }

    @Test("spec 4.4: STREAM_PAUSE from an instance goes below, a user's enters at the top")
    func streamPauseFromInstance() throws {
        let trace = Trace()
        let file = try memory.enabledFile()
        try memory.attach(tracer("high", at: "300", trace, [.fileSystemControl]))
        try memory.attach(tracer("low", at: "100", trace, [.fileSystemControl]))
        let middle = try memory.attach(filter("middle", at: "200"))
        _ = try middle.bypassIO(.streamPause, on: file)
        #expect(trace.take() == ["low>", "low<"] && file.stream.isPaused)
        _ = try file.bypassIO(.streamPause, requestor: .user(1000))
        #expect(trace.take() == ["high>", "low>", "low<", "high<"])
    }

    @Test("spec 4.4: a filter resumes from within its own callback without a deadlock")
    func resumeFromCallback() throws {
        let answers = Box<[BypassIOResults?]>([])
        let file = try memory.enabledFile()
        try memory.attach(
            filter(
                "reentrant", at: "100",
                OperationRegistration(
                    .setInformation,
                    preOperation: { data, instance in
                        guard let file = data.fileObject else { return .successNoCallback }
                        _ = try? instance.bypassIO(.streamPause, on: file)
                        return .successWithCallback(.none)
                    },
                    postOperation: { data, instance, _ in
                        guard let file = data.fileObject else { return .finishedProcessing }
                        answers.value += [
                            try? instance.bypassIO(.streamResume, on: file).results
                        ]
                        return .finishedProcessing
                    })))
        try OwnThread { try file.apply(.permissions(0o600)) }.result()
        #expect(answers.value == [BypassIOResults()])
        #expect(!file.stream.isPaused)
    }

    @Test("spec 4.4: a resume that a filter refused takes effect when that filter goes")
    func refusedResumeAndDetach() throws {
        let file = try memory.enabledFile()
        let other = try memory.enabledFile("other")
        let veto = try memory.attach(
            filter(
                "veto", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard data.bypassIOQuestion != nil else { return .successNoCallback }
                        data.vetoBypassIO(
                            instance, status: .notSupportedWithAuditing, reason: "Audited.")
                        return .complete
                    })))
        for file in [file, other] { _ = try file.bypassIO(.streamPause) }
        let refusal = try file.bypassIO(.streamResume).results
        #expect(refusal?.driverName.string == "veto" && file.stream.isPaused)
        // A later pause stays in force: no RESUME asked for its end.
        _ = try other.bypassIO(.streamResume)
        _ = try other.bypassIO(.streamPause)
        try memory.manager.filterManager.detach(veto)
        #expect(!file.stream.isPaused && other.stream.isPaused)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.fullBypass: 1])
    }

    @Test("spec 4.3: a filter sends DISABLE from the top from within its own callback")
    func disableFromCallback() throws {
        let file = try memory.enabledFile()
        try memory.attach(
            filter(
                "changed its mind", at: "100",
                OperationRegistration(
                    .write,
                    preOperation: { _, _ in
                        _ = try? file.bypassIO(.disable)
                        return .successNoCallback
                    })))
        let writer = try memory.volume.open("data", access: [.read, .write])
        try OwnThread { _ = try writer.write([1], at: 0) }.result()
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
    }

    @Test("spec 6.8: without the right to administer the volume its pause is denied")
    func rights() throws {
        let file = try memory.enabledFile()
        let user = Requestor.user(1000)
        for operation in [BypassIOOperation.volumeStackPause, .volumeStackResume] {
            let (block, output) = file.send(
                try operation.input(), outputLength: 352, requestor: user)
            #expect(block == IOStatusBlock(.accessDenied))
            #expect(output.allSatisfy { $0 == 0xA5 })
        }
        #expect(!memory.volume.isStorageBypassPaused)
        _ = try file.bypassIO(.volumeStackPause, requestor: .user(0, administrator: true))
        #expect(memory.volume.isStorageBypassPaused)
        #expect(
            failure { try file.bypassIO(.volumeStackResume, requestor: user) } == .accessDenied)
        #expect(memory.volume.isStorageBypassPaused)
        // Every other operation needs no right (FILE_ANY_ACCESS).
        let anyone = BypassIOOperation.all.filter {
            $0 != .volumeStackPause && $0 != .volumeStackResume
        }
        for operation in anyone {
            #expect(failure { try file.bypassIO(operation, requestor: user) } == nil)
        }
    }

    @Test("spec 4.4: the last DISABLE of a stream ends its pause")
    func disableEndsPause() throws {
        let file = try memory.enabledFile()
        _ = try file.bypassIO(.streamPause)
        _ = try file.bypassIO(.disable)
        #expect(!file.stream.isPaused)
        _ = try file.bypassIO(.enable)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.fullBypass: 1])
    }

    @Test("spec 4.5: drivers are told DISABLE when no read skips them any more")
    func disableDrainsPausedStream() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        _ = try file.bypassIO(.streamPause)
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let disable = OwnThread { try file.bypassIO(.disable) }
        #expect(eventually { !file.isBypassEnabled })
        #expect(disable.isStillRunning())
        #expect(memory.disk.controls == [.enable])
        memory.disk.stopHoldingReads()
        _ = try disable.result()
        _ = try read.result()
        #expect(memory.disk.controls == [.enable, .disable])
    }

    @Test("spec 4.5: a DISABLE does not wait once another file has bypass again")
    func disableIsMoot() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        let other = try memory.file("other")
        _ = try file.bypassIO(.streamPause)
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let disable = OwnThread { try file.bypassIO(.disable) }
        #expect(eventually { !file.isBypassEnabled })
        _ = try other.bypassIO(.enable)
        // Every read that leaves the gates checks the count.
        memory.disk.stopHoldingReads()
        _ = try disable.result()
        _ = try read.result()
        #expect(memory.disk.controls == [.enable])
        #expect(try other.read(at: 0, length: 512).count == 512)
        #expect(other.routes == [.fullBypass: 1])
    }
}
