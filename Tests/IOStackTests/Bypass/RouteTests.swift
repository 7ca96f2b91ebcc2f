import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("The routes of a read, spec 4.1, 4.2, 4.6 and 6.9")
struct RouteTests {
    let trace = Trace()
    let volumeDriver = ScriptedVolumeDriver(name: "volume.sys")
    let memory: MemoryVolume

    init() throws {
        memory = MemoryVolume(disk: MemoryDisk(offsetAlignment: 512), drivers: [volumeDriver])
        try memory.attach(tracer("filter", at: "100", trace))
    }

    /// Expects the parts of the stack that a read met.
    private func expectRead(
        _ file: FileObject, filters: Bool, drivers: Bool, at offset: UInt64 = 512,
        length: Int = 1024, _ location: SourceLocation = #_sourceLocation
    ) throws {
        _ = trace.take()
        let before = (volumeDriver.reads, memory.disk.reads.count)
        let bytes = try file.read(at: offset, length: length)
        let expected = Array(pattern(8192)[Int(offset)..<min(8192, Int(offset) + length)])
        #expect(bytes == expected, sourceLocation: location)
        #expect(trace.take() == (filters ? ["filter>", "filter<"] : []), sourceLocation: location)
        #expect(volumeDriver.reads - before.0 == (drivers ? 1 : 0), sourceLocation: location)
        #expect(memory.disk.reads.count - before.1 == 1, sourceLocation: location)
    }

    @Test("spec 4.1: two switches make four routes")
    func fourRoutes() throws {
        let file = try memory.file()
        try expectRead(file, filters: true, drivers: true)
        _ = try file.bypassIO(.enable)
        try expectRead(file, filters: false, drivers: false)
        _ = try file.bypassIO(.volumeStackPause)
        try expectRead(file, filters: false, drivers: true)
        _ = try file.bypassIO(.streamPause)
        try expectRead(file, filters: true, drivers: true)
        _ = try file.bypassIO(.volumeStackResume)
        try expectRead(file, filters: true, drivers: false)
        _ = try file.bypassIO(.streamResume)
        try expectRead(file, filters: false, drivers: false)
        _ = try file.bypassIO(.disable)
        try expectRead(file, filters: true, drivers: true)
        #expect(
            file.routes == [
                .traditional: 3, .fullBypass: 2, .filterBypass: 1, .storageBypass: 1,
            ])
        #expect(file.causes == [.streamPaused: 2])
    }

    @Test("spec 4.2: a cached handle takes the traditional route, bypass enabled or not")
    func cachedHandle() throws {
        _ = try memory.file()
        let cached = try memory.volume.open("data")
        #expect(try cached.bypassIO(.enable).results?.status == .success)
        try expectRead(cached, filters: true, drivers: true)
        try expectRead(cached, filters: true, drivers: true, at: 1, length: 3)
        #expect(cached.causes == [.cachedHandle: 2])
        // A pause of the stream gives a cached handle no storage bypass.
        _ = try cached.bypassIO(.streamPause)
        try expectRead(cached, filters: true, drivers: true)
    }

    @Test("a misaligned read takes the traditional route and is counted", arguments: [false, true])
    func misaligned(isPaused: Bool) throws {
        let file = try memory.enabledFile()
        if isPaused { _ = try file.bypassIO(.streamPause) }
        for (offset, length) in [(UInt64(1), 512), (512, 511), (256, 256)] {
            try expectRead(file, filters: true, drivers: true, at: offset, length: length)
        }
        #expect(file.causes == [.misaligned: 3] && file.routes == [.traditional: 3])
        try expectRead(file, filters: isPaused, drivers: false, at: 0, length: 512)
    }

    @Test(
        "spec 6.9: a suspension is not a pause: traditional route, no flag, cause by name",
        arguments: [
            (StreamSuspension.cachedHandle, "another handle does cached I/O"),
            (.mapped, "the file is mapped"), (.resident, "the data lies in the inode"),
            (.sparse, "the file is sparse"), (.moving, "the file is being moved"),
        ])
    func suspended(cause: StreamSuspension, name: String) throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let suspend = OwnThread { memory.volume.suspendBypass(of: file.stream, because: cause) }
        #expect(eventually { file.stream.suspensions == cause })
        #expect(suspend.isStillRunning())
        memory.disk.stopHoldingReads()
        try suspend.result()
        _ = try read.result()
        try expectRead(file, filters: true, drivers: true)
        #expect(file.causes.map(\.key.description) == [name])
        #expect(file.stream.traditionalCause?.description == name)
        #expect(try file.bypassIO(.getInfo).flags == .compatibleStorageDriver)
        #expect(file.stream.suspensions.description == name && !file.stream.isPaused)
        memory.volume.endSuspension(of: file.stream, because: cause)
        try expectRead(file, filters: false, drivers: false)
    }

    @Test("spec 4.6: each cause of a suspension stands until it is ended")
    func severalSuspensions() throws {
        let file = try memory.enabledFile()
        memory.volume.suspendBypass(of: file.stream, because: .mapped)
        memory.volume.suspendBypass(of: file.stream, because: [.moving, .cachedHandle])
        memory.volume.endSuspension(of: file.stream, because: .mapped)
        try expectRead(file, filters: true, drivers: true)
        memory.volume.endSuspension(of: file.stream, because: [.moving, .cachedHandle])
        try expectRead(file, filters: false, drivers: false)
    }

    @Test("spec 4.2: writes are never bypassed")
    func writes() throws {
        _ = try memory.file()
        let file = try memory.volume.open("data", access: [.read, .write], options: .nonCached)
        _ = try file.bypassIO(.enable)
        let before = volumeDriver.writes
        try file.write(pattern(512, seed: 9), at: 512)
        #expect(volumeDriver.writes == before + 1)
        #expect(try file.read(at: 512, length: 512) == pattern(512, seed: 9))
    }

    @Test("reads at and beyond the end are short, on every route")
    func endOfFile() throws {
        let file = try memory.file("short", pattern(700))
        for enabled in [false, true] {
            if enabled { _ = try file.bypassIO(.enable) }
            #expect(try file.read(at: 512, length: 512) == Array(pattern(700)[512...]))
            #expect(try file.read(at: 1024, length: 512) == [])
            #expect(try file.read(at: 1 << 40, length: 512) == [])
            #expect(try file.read(at: 0, length: 0) == [])
        }
    }

    @Test("invalid ranges are refused before any gate is entered")
    func invalidRanges() throws {
        let file = try memory.enabledFile()
        let buffer = HeapBuffer(capacity: 512)
        #expect(failure { try file.read(at: 0, length: -512, into: buffer) } == .invalidParameter)
        #expect(failure { try file.read(at: 0, length: 1024, into: buffer) } == .invalidParameter)
        #expect(
            failure { try file.read(at: 1 << 63, length: 512, into: buffer) }
                == .invalidParameter)
        #expect(file.stream.bypassedReadsInFlight == 0 && file.routes.isEmpty)
    }

    @Test("a failed read leaves the gates, and carries the host's errno, on every route")
    func failures() throws {
        let file = try memory.file()
        memory.disk.readErrno = 121
        for operation in [BypassIOOperation.query, .enable, .volumeStackPause, .streamPause] {
            _ = try file.bypassIO(operation)
            do {
                _ = try file.read(at: 0, length: 512)
                Issue.record("the read succeeded")
            } catch {
                #expect(error.hostErrno == 121)
            }
        }
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
        #expect(file.stream.bypassedReadsInFlight == 0)
        memory.disk.readErrno = nil
        _ = try file.bypassIO(.streamResume)
        volumeDriver.transferFailure = IOFailure(.deviceNotConnected)
        #expect(failure { try file.read(at: 0, length: 512) } == .deviceNotConnected)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
    }

    @Test("a volume driver that changes bytes is seen wherever it is not bypassed")
    func transformation() throws {
        let file = try memory.file()
        volumeDriver.transformReads { $0 ^ 0xFF }
        let plain = Array(pattern(8192)[..<512])
        let changed = plain.map { $0 ^ 0xFF }
        #expect(try file.read(at: 0, length: 512) == changed)
        _ = try file.bypassIO(.enable)
        #expect(try file.read(at: 0, length: 512) == plain)
        _ = try file.bypassIO(.volumeStackPause)
        #expect(try file.read(at: 0, length: 512) == changed)
    }
}
