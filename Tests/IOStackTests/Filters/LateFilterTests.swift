import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("A filter that comes after the bypass, spec 4.3 and 4.4")
struct LateFilterTests {
    let memory = MemoryVolume()
    var filters: FilterManager { memory.manager.filterManager }

    @Test("an instance lists the file objects that have bypass, paused ones too, and no others")
    func list() throws {
        let first = try memory.enabledFile("first")
        let paused = try memory.enabledFile("paused")
        let plain = try memory.file("plain")
        let closed = try memory.enabledFile("closed")
        let disabled = try memory.enabledFile("disabled")
        _ = try paused.bypassIO(.streamPause)
        closed.close()
        _ = try disabled.bypassIO(.disable)
        let instance = try memory.attach(filter("late", at: "100"))
        #expect(Set(instance.bypassedFiles.map(\.openedPath)) == ["first", "paused"])
        #expect(instance.bypassedFiles.contains { $0 === first })
        plain.close()
        weak var dropped: FileObject?
        do { dropped = try memory.enabledFile("dropped") }
        #expect(dropped == nil, "the list keeps no file object alive")
        #expect(instance.bypassedFiles.count == 2)
    }

    @Test("spec 4.4: the completed setup runs without a lock: it may pause what it finds")
    func pauseInSetup() throws {
        let file = try memory.enabledFile()
        var registration = filter("late", at: "100")
        registration.instanceSetupComplete = { instance in
            #expect(instance.isAttached && instance.volume.instances.contains { $0 === instance })
            for file in instance.bypassedFiles {
                _ = try? instance.bypassIO(.streamPause, on: file)
            }
        }
        try memory.attach(registration)
        #expect(file.stream.isPaused)
    }

    @Test(
        "an ENABLE that began before the attach passes the filter; the setup does not wait for it")
    func enableUnderWay() throws {
        let memory = self.memory
        let kept = Box<Kept?>(nil)
        try memory.attach(
            filter(
                "slow", at: "300",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        guard data.bypassIOQuestion == .enable, kept.value == nil else {
                            return .successNoCallback
                        }
                        kept.value = Kept(data, instance)
                        return .pending
                    })))
        let file = try memory.file()
        let enable = OwnThread { try file.bypassIO(.enable).results }
        #expect(eventually { kept.value != nil })
        let brief = try memory.attach(filter("brief", at: "50"))
        try filters.detach(brief)
        let seen = Box<[FileObject]>([])
        let enablesSeen = Box(0)
        var registration = filter(
            "late", at: "200",
            OperationRegistration(
                .fileSystemControl,
                preOperation: { data, _ in
                    if data.bypassIOQuestion == .enable { enablesSeen.add(1) }
                    return .successNoCallback
                }))
        registration.instanceSetupComplete = { seen.value = $0.bypassedFiles }
        try memory.attach(registration)
        #expect(seen.value.isEmpty)
        kept.value?.completePendedPreOperation(.successNoCallback)
        #expect(try enable.result()?.status == .success)
        #expect(enablesSeen.value == 1 && file.isBypassEnabled)
    }

    @Test("every file with bypass is in the list or its ENABLE passed the filter, in every race")
    func everyFileIsKnown() throws {
        let memory = self.memory
        try memory.file().close()
        let isDone = Box(false)
        let openers = (0..<3).map { _ in
            OwnThread {
                while !isDone.value {
                    let file = try memory.volume.open("data", options: .nonCached)
                    _ = try file.bypassIO(.enable)
                    file.close()
                }
            }
        }
        var unknown = 0
        for _ in 0..<300 {
            let known = Box<Set<ObjectIdentifier>>([])
            // The test keeps them, so that no other file object takes their identity.
            let objects = Box<[FileObject]>([])
            var registration = filter(
                "late", at: "200",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, _ in
                        if data.bypassIOQuestion == .enable, let file = data.fileObject {
                            objects.change { $0.append(file) }
                            known.change { $0.insert(ObjectIdentifier(file)) }
                        }
                        return .successNoCallback
                    }))
            registration.instanceSetupComplete = { instance in
                for file in instance.bypassedFiles {
                    objects.change { $0.append(file) }
                    known.change { $0.insert(ObjectIdentifier(file)) }
                }
            }
            let instance = try memory.attach(registration)
            let now = instance.bypassedFiles
            for file in now where !known.value.contains(ObjectIdentifier(file)) { unknown += 1 }
            try filters.unload(instance.filter)
        }
        isDone.value = true
        for opener in openers { try opener.result() }
        #expect(unknown == 0)
    }
}
