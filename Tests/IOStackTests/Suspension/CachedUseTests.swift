import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Cached and mapped use by another handle, spec 4.6")
struct CachedUseTests {
    private func routeOfRead(_ file: FileObject) throws -> ReadRoute? {
        let before = file.readsByRoute
        _ = try file.read(at: 0, length: 512)
        return file.readsByRoute.first { $0.value > before[$0.key, default: 0] }?.key
    }

    @Test("spec 4.6: strict: a cached read suspends until its handle is closed")
    func strictRead() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        let cached = try memory.volume.open("data")
        #expect(try routeOfRead(file) == .fullBypass, "an open alone is no I/O")
        _ = try cached.read(at: 0, length: 512)
        #expect(file.stream.suspensions == .cachedHandle && !file.stream.isPaused)
        #expect(try routeOfRead(file) == .traditional)
        #expect(file.causes == [.cachedElsewhere: 1])
        #expect(try file.query().status == .success, "suspension is not a veto")
        cached.close()
        #expect(file.stream.suspensions == [])
        #expect(try routeOfRead(file) == .fullBypass)
    }

    @Test("spec 4.6: strict: the last of several cached handles ends it")
    func severalHandles() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        let cached = try (0..<3).map { _ in
            try memory.volume.open("data", access: [.read, .write])
        }
        for handle in cached {
            for _ in 0..<2 { _ = try handle.read(at: 0, length: 512) }
            try handle.write([1], at: 0)
        }
        for handle in cached {
            #expect(try routeOfRead(file) == .traditional)
            handle.close()
            handle.close()
        }
        #expect(try routeOfRead(file) == .fullBypass)
    }

    @Test("spec 4.6: strict: a mapping suspends as long as its handle is held")
    func mapping() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        let mapper = try memory.volume.open("data", options: .nonCached)
        mapper.beginCachedUse(isMapped: true)
        mapper.beginCachedUse(isMapped: true)
        #expect(file.stream.suspensions == .mapped)
        #expect(try routeOfRead(file) == .traditional)
        #expect(file.causes == [.mapped: 1])
        mapper.close()
        mapper.beginCachedUse(isMapped: true)
        #expect(file.stream.suspensions == [], "what is closed is not mapped anew")
        #expect(try routeOfRead(file) == .fullBypass)
    }

    @Test("spec 4.6: strict: a bypass that is enabled later is suspended from the start")
    func olderCachedHandle() throws {
        let memory = MemoryVolume()
        try memory.file().close()
        let cached = try memory.volume.open("data")
        cached.beginCachedUse()
        let file = try memory.enabledFile("other")
        #expect(try routeOfRead(file) == .fullBypass, "another file has nothing to do with it")
        let same = try memory.volume.open("data", options: .nonCached)
        _ = try same.bypassIO(.enable)
        #expect(try routeOfRead(same) == .traditional)
        cached.close()
        #expect(try routeOfRead(same) == .fullBypass)
    }

    @Test("spec 4.6: dirty: only a handle that may hold newer data suspends")
    func dirty() throws {
        let memory = MemoryVolume(suspensionPolicy: .dirty)
        let file = try memory.enabledFile()
        let reader = try memory.volume.open("data")
        let mapper = try memory.volume.open("data", options: .nonCached)
        _ = try reader.read(at: 0, length: 512)
        reader.beginCachedUse()
        mapper.beginCachedUse(isMapped: true)
        #expect(file.stream.suspensions == [])
        #expect(try routeOfRead(file) == .fullBypass)
        let writer = try memory.volume.open("data", access: [.read, .write])
        _ = try writer.read(at: 0, length: 512)
        #expect(file.stream.suspensions == [], "it has written nothing yet")
        try writer.write([1], at: 0)
        #expect(try routeOfRead(file) == .traditional)
        writer.close()
        let writingMapper = try memory.volume.open(
            "data", access: [.read, .write], options: .nonCached)
        writingMapper.beginCachedUse(isMapped: true)
        #expect(file.stream.suspensions == .mapped)
        writingMapper.close()
        #expect(try routeOfRead(file) == .fullBypass)
    }

    @Test("spec 4.6: cached I/O goes on when the bypassed reads in flight are out")
    func drain() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        let cached = try memory.volume.open("data", access: [.read, .write])
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512).count }
        #expect(memory.disk.waitForHeldReads(1))
        let write = OwnThread { try cached.write([1], at: 0) }
        #expect(eventually { file.stream.suspensions == .cachedHandle })
        #expect(write.isStillRunning() && memory.disk.writes.count == 1)
        memory.disk.stopHoldingReads()
        #expect(try read.result() == 512)
        #expect(try write.result() == 1)
    }

    @Test("spec 4.6: a write under way when its handle is closed still suspends")
    func writeOutlivesItsHandle() throws {
        let memory = MemoryVolume()
        let kept = Box<Kept?>(nil)
        let file = try memory.enabledFile()
        let cached = try memory.volume.open("data", access: [.read, .write])
        try cached.write([1], at: 0)
        try memory.attach(
            filter(
                "keeper", at: "100",
                OperationRegistration(
                    .write,
                    preOperation: { data, instance in
                        kept.value = Kept(data, instance)
                        return .pending
                    })))
        let write = OwnThread { try cached.write([2], at: 0) }
        #expect(eventually { kept.value != nil })
        cached.close()
        #expect(try routeOfRead(file) == .traditional)
        kept.value?.completePendedPreOperation(.successNoCallback)
        _ = try write.result()
        #expect(eventually { file.stream.suspensions == [] })
        #expect(try file.read(at: 0, length: 1) == [2])
    }

    @Test("a file object that is dropped without a close suspends no longer")
    func dropped() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        do {
            let cached = try memory.volume.open("data")
            _ = try cached.read(at: 0, length: 512)
            #expect(file.stream.suspensions == .cachedHandle)
        }
        #expect(file.stream.suspensions == [])
    }

    @Test("spec 6.9: pause and suspension stand side by side, each with its own end")
    func pauseBesideSuspension() throws {
        let memory = MemoryVolume()
        let file = try memory.enabledFile()
        let cached = try memory.volume.open("data")
        _ = try cached.read(at: 0, length: 512)
        _ = try file.bypassIO(.streamPause)
        #expect(try file.bypassIO(.getInfo).flags.contains(.streamBypassPaused))
        #expect(try routeOfRead(file) == .traditional, "nothing is bypassed while suspended")
        cached.close()
        #expect(try routeOfRead(file) == .storageBypass)
        _ = try cached.closeAndResume(file)
        #expect(try routeOfRead(file) == .fullBypass)
    }
}

extension FileObject {
    fileprivate func closeAndResume(_ other: FileObject) throws -> BypassIOResults? {
        close()
        return try other.bypassIO(.streamResume).results
    }
}
