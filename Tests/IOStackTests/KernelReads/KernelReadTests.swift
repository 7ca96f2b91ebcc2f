import BypassIOProtocol
import Dispatch
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Reads that the kernel carries itself")
struct KernelReadTests {
    let trace = Trace()
    let memory: MemoryVolume

    init() {
        memory = MemoryVolume()
        memory.fileSystem.kernelReadsAreRevocable = true
    }

    private func door(of file: FileObject) throws -> MemoryReadDoor {
        try #require(try file.grantKernelReads() as? MemoryReadDoor)
    }

    private func attach(
        _ name: String, at place: String, _ terms: KernelReadTerms?,
        features: FilterRegistration.Features = .bypassIO
    ) throws -> FilterInstance {
        var registration = tracer(name, at: place, trace, features: features)
        registration.kernelReads = terms
        return try memory.attach(registration)
    }

    @Test("granted with an ENABLE, counted once, gone with the last file object")
    func grant() throws {
        let (one, other) = (try memory.file(), try memory.volume.open("data"))
        let door = try door(of: one)
        #expect(one.isBypassEnabled && one.hasKernelReads && !other.hasKernelReads)
        #expect(try self.door(of: other) === door, "a file has one door")
        #expect(memory.volume.activeBypassCount == 2)
        #expect(try door.carry() == false)
        one.close()
        #expect(memory.fileSystem.readDoor(of: other.stream.id) === door)
        other.close()
        #expect(memory.volume.activeBypassCount == 0)
    }

    @Test("who has to see every read refuses by name, and nothing is enabled")
    func refused() throws {
        let instance = try attach("watcher", at: "200", nil)
        let file = try memory.file()
        let veto = #expect(throws: BypassVeto.self) { try file.grantKernelReads() }
        #expect(veto?.driver == "watcher")
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
        try memory.manager.filterManager.detach(instance)
        _ = try file.grantKernelReads()
    }

    @Test("a filter of neither reads nor writes has no say")
    func uninterested() throws {
        try memory.attach(filter("names", at: "200"))
        _ = try memory.file().grantKernelReads()
    }

    @Test("an ENABLE's veto is the grant's")
    func vetoed() throws {
        let veto = Box<(NTStatus, String)?>((.notSupportedWithAuditing, "No."))
        try memory.attach(vetoer("auditor", at: "200", while: veto))
        let file = try memory.file()
        let thrown = #expect(throws: BypassVeto.self) { try file.grantKernelReads() }
        #expect(
            thrown
                == BypassVeto(
                    driver: "auditor", status: .notSupportedWithAuditing, reason: "No."))
        veto.value = nil
        memory.fileSystem.kernelReadsAreRevocable = nil
        let none = #expect(throws: BypassVeto.self) { try file.grantKernelReads() }
        #expect(none?.driver == "memfs" && !file.isBypassEnabled)
    }

    @Test("a volume driver that refuses is not skipped, so nothing is granted")
    func partial() throws {
        let driver = ScriptedVolumeDriver(name: "volume.sys")
        driver.veto = StorageVeto(.notSupported, reason: "Encrypts.")
        let memory = MemoryVolume(drivers: [driver])
        memory.fileSystem.kernelReadsAreRevocable = true
        let veto = #expect(throws: BypassVeto.self) { try memory.file().grantKernelReads() }
        #expect(veto?.driver == "volume.sys" && veto?.reason == "Encrypts.")
    }

    @Test(
        "STREAM_PAUSE: each read asks, the filters' pre callbacks answer; a resume costs nothing after"
    )
    func pause() throws {
        let answer = Box<NTStatus?>(nil)
        var registration = filter(
            "guard", at: "200",
            OperationRegistration(
                .read,
                preOperation: { data, _ in
                    guard data.isKernelRead, case .read(let offset, let length) = data.parameters
                    else { return .successNoCallback }
                    #expect(offset == 4096 && length == 8192 && data.requestor.processID == 77)
                    #expect(data.buffer == nil)
                    guard let status = answer.value else { return .successNoCallback }
                    data.fail(status)
                    return .complete
                }))
        registration.kernelReads = .stoppable
        try memory.attach(registration)
        let file = try memory.file()
        let door = try door(of: file)
        func read() throws(IOFailure) -> Bool {
            try door.carry(at: 4096, length: 8192, thread: 77)
        }
        #expect(try read() == false)
        _ = try file.bypassIO(.streamPause)
        #expect(file.kernelReadCause == .traditional(.streamPaused))
        #expect(try read() == true && file.gatedKernelReads == 1)
        answer.value = .accessDenied
        #expect(failure { try read() } == .accessDenied)
        _ = try file.bypassIO(.streamResume)
        #expect(try read() == false && file.kernelReadCause == nil)
        #expect(file.gatedKernelReads == 2 && door.closings == 1)
    }

    @Test("a pause returns after the reads that had begun")
    func drain() throws {
        let file = try memory.file()
        let door = try door(of: file)
        let (began, goOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let isDone = Box(false)
        let reader = OwnThread {
            _ = try? door.carry {
                began.signal()
                goOn.wait()
                isDone.value = true
            }
        }
        began.wait()
        let pauser = OwnThread {
            _ = try? file.bypassIO(.streamPause)
            #expect(isDone.value)
        }
        while !door.isClosed {}
        #expect(!isDone.value)
        goOn.signal()
        _ = try reader.result()
        _ = try pauser.result()
    }

    @Test("VOLUME_STACK_PAUSE puts every gate in the way, then waits for all that had begun")
    func drainOfMany() throws {
        let files = try ["data", "other", "third"].map { name in
            try memory.volume.open(
                FilePath(name), access: [.read, .write], disposition: .openIf, options: .nonCached)
        }
        let doors = try files.map { try door(of: $0) }
        let done = Box(0)
        let began = DispatchSemaphore(value: 0)
        let goOn = doors.map { _ in DispatchSemaphore(value: 0) }
        let readers = zip(doors, goOn).map { door, goOn in
            OwnThread {
                _ = try? door.carry {
                    began.signal()
                    goOn.wait()
                    done.add(1)
                }
            }
        }
        for _ in readers { began.wait() }
        let pauser = OwnThread {
            _ = try? files[0].bypassIO(.volumeStackPause)
            #expect(done.value == doors.count)
        }
        while !doors.allSatisfy(\.isClosed) {}
        #expect(done.value == 0)
        goOn.forEach { $0.signal() }
        for reader in readers { _ = try reader.result() }
        _ = try pauser.result()
        _ = try files[0].bypassIO(.volumeStackResume)
        #expect(doors.allSatisfy { !$0.isClosed })
    }

    @Test("VOLUME_STACK_PAUSE: filters stay out of it, a volume driver that must see bytes refuses")
    func volumePause() throws {
        let driver = ScriptedVolumeDriver(name: "volume.sys")
        let memory = MemoryVolume(drivers: [driver])
        memory.fileSystem.kernelReadsAreRevocable = true
        var registration = tracer("filter", at: "200", trace)
        registration.kernelReads = .stoppable
        try memory.attach(registration)
        let file = try memory.file()
        let door = try #require(try file.grantKernelReads() as? MemoryReadDoor)
        _ = try file.bypassIO(.volumeStackPause)
        _ = trace.take()
        #expect(failure { try door.carry() } != nil)
        #expect(trace.take() == [] && file.kernelReadCause == .volumeStackPaused)
        _ = try file.bypassIO(.volumeStackResume)
        #expect(try door.carry() == false)
    }

    @Test(
        "a filter that did not opt in stops the kernel while it is attached; one that waits for data fails the reads"
    )
    func attachNotOptedIn() throws {
        let file = try memory.file()
        let door = try door(of: file)
        let instance = try attach("old", at: "300", nil, features: [])
        #expect(file.kernelReadCause == .traditional(.filterAttachBlocked))
        _ = trace.take()
        let thrown = #expect(throws: IOFailure.self) { try door.carry() }
        #expect(thrown?.errno == .resourceBusy)
        #expect(trace.take() == ["old>", "old<"], "its post callback cleans up")
        try memory.manager.filterManager.detach(instance)
        #expect(try door.carry() == false)
    }

    @Test("one that opted in, comes later and never agreed is asked as well")
    func attachUndeclared() throws {
        let file = try memory.file()
        let door = try door(of: file)
        let later = try attach("later", at: "300", nil)
        #expect(file.kernelReadCause == .filter("later") && door.isClosed)
        try memory.manager.filterManager.detach(later)
        #expect(!door.isClosed)
        _ = try attach("teller", at: "300", .asked)
        _ = trace.take()
        #expect(try door.carry() == true)
        #expect(trace.take() == ["teller>", "teller<"])
        _ = try attach("calm", at: "310", .stoppable)
        #expect(file.kernelReadCause == .filter("teller"))
    }

    @Test("a suspension stops the kernel, its end lets it go on")
    func suspension() throws {
        let file = try memory.file()
        let door = try door(of: file)
        memory.volume.suspendBypass(of: file.stream, because: .sparse)
        #expect(try door.carry() == true)
        memory.volume.endSuspension(of: file.stream, because: .sparse)
        #expect(try door.carry() == false)
    }

    @Test("DISABLE on a granted file object: its reads cannot be told from the others', so all ask")
    func disable() throws {
        let (one, other) = (try memory.file(), try memory.volume.open("data"))
        let door = try door(of: one)
        _ = try self.door(of: other)
        _ = try one.bypassIO(.disable)
        #expect(try door.carry() == true && other.kernelReadCause == .disabled)
        one.close()
        #expect(try door.carry() == false)
    }

    @Test("where nobody can stop reads they are granted only if nobody needs to")
    func irrevocable() throws {
        memory.fileSystem.kernelReadsAreRevocable = false
        let stoppable = try attach("stopper", at: "200", .stoppable)
        let file = try memory.file()
        let veto = #expect(throws: BypassVeto.self) { try file.grantKernelReads() }
        #expect(veto?.driver == "stopper" && !file.isBypassEnabled)
        try memory.manager.filterManager.detach(stoppable)
        _ = try attach("calm", at: "200", .unwatched)
        #expect(try !file.grantKernelReads().isRevocable)
        // The grant cannot be revoked, so whatever needs to revoke it fails.
        #expect(failure { try file.bypassIO(.streamPause) } == .notSupported)
        #expect(failure { try attach("late", at: "300", nil, features: []) } == .notSupported)
        #expect(memory.volume.instances.map(\.filter.name) == ["calm"])
    }

    @Test("a grant while the stream is paused stands behind the closed gate")
    func grantWhilePaused() throws {
        let first = try memory.enabledFile()
        _ = try first.bypassIO(.streamPause)
        let other = try memory.volume.open("data")
        let door = try door(of: other)
        #expect(door.isClosed)
        _ = try first.bypassIO(.streamResume)
        #expect(!door.isClosed && other.kernelReadCause == nil)
    }
}
