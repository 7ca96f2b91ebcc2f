import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Callers that come too late: the statuses of docs/controls.md")
struct LateCallerTests {
    let memory = MemoryVolume()
    var filters: FilterManager { memory.manager.filterManager }

    @Test(
        "a detached filter's controls fail, each operation alike, and change nothing",
        arguments: BypassIOOperation.all)
    func detachedFilter(operation: BypassIOOperation) throws {
        let file = try memory.enabledFile()
        let instance = try memory.attach(filter("gone", at: "100", contexts: [.instance]))
        try filters.detach(instance)
        #expect(failure { try instance.bypassIO(operation, on: file) } == .fltDeletingObject)
        var output = [UInt8](repeating: 0xA5, count: 352)
        let input = try operation.input()
        var span = output.mutableSpan
        let block = instance.fsControl(file, .manageBypassIO, input: input.span, output: &span)
        #expect(block == IOStatusBlock(.fltDeletingObject))
        #expect(output.allSatisfy { $0 == 0xA5 })
        let buffer = try memory.volume.makeBuffer(capacity: 512)
        #expect(
            failure { try instance.read(file, at: 0, length: 512, into: buffer) }
                == .fltDeletingObject)
        #expect(
            failure { try instance.setContext(Note(Trace()), on: .instance) }
                == .fltDeletingObject)
        #expect(instance.bypassedFiles.isEmpty)
        #expect(failure { try filters.detach(instance) } == .fltInstanceNotFound)
        #expect(file.isBypassEnabled && !file.stream.isPaused)
    }

    @Test("a filter's controls fail while it is being detached, too")
    func filterBeingDetached() throws {
        let file = try memory.enabledFile()
        let statuses = Box<[NTStatus?]>([])
        var registration = filter("going", at: "100")
        registration.instanceTeardownStart = { instance, _ in
            statuses.value += [failure { try instance.bypassIO(.streamPause, on: file) }]
        }
        registration.instanceTeardownComplete = { instance, _ in
            statuses.value += [failure { try instance.bypassIO(.streamPause, on: file) }]
        }
        try filters.detach(try memory.attach(registration))
        #expect(statuses.value == [.fltDeletingObject, .fltDeletingObject])
    }

    @Test("a detached filter vetoes no more")
    func detachedVeto() throws {
        let kept = Box<Kept?>(nil)
        let going = try memory.attach(filter("going", at: "300"))
        try memory.attach(
            filter(
                "keeper", at: "200",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        kept.value = Kept(data, instance)
                        return .pending
                    })))
        let file = try memory.file()
        let query = OwnThread { try file.query() }
        #expect(eventually { kept.value != nil })
        try filters.detach(going)
        let data = try #require(kept.value).data
        #expect(
            data.vetoBypassIO(going, status: .notSupportedWithMonitoring, reason: "Too late.")
                == .notSupported)
        kept.value?.completePendedPreOperation(.successNoCallback)
        #expect(try query.result().status == .success)
    }

    @Test(
        "a closed file object answers STATUS_FILE_CLOSED, from the top and from an instance",
        arguments: BypassIOOperation.all)
    func closedFile(operation: BypassIOOperation) throws {
        let file = try memory.enabledFile()
        let other = try memory.enabledFile("other")
        let instance = try memory.attach(filter("below", at: "100"))
        file.close()
        #expect(failure { try file.bypassIO(operation) } == .fileClosed)
        #expect(failure { try instance.bypassIO(operation, on: file) } == .fileClosed)
        #expect(failure { try file.explainBypassIO() } == .fileClosed)
        #expect(file.send([], outputLength: 0).block == IOStatusBlock(.fileClosed))
        #expect(memory.volume.activeBypassCount == 1 && other.isBypassEnabled)
    }

    @Test("a file object of another volume is refused")
    func otherVolume() throws {
        let elsewhere = MemoryVolume()
        let file = try elsewhere.enabledFile()
        let instance = try memory.attach(filter("here", at: "100"))
        #expect(failure { try instance.bypassIO(.streamPause, on: file) } == .invalidParameter)
        #expect(!file.stream.isPaused)
    }

    @Test("a volume is not dismounted under a control, even one whose handle is closed")
    func dismountMeetsControl() throws {
        let kept = Box<Kept?>(nil)
        let keeper = try memory.attach(
            filter(
                "keeper", at: "200",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        kept.value = Kept(data, instance)
                        return .pending
                    })))
        let file = try memory.file()
        let enable = OwnThread { try file.bypassIO(.enable).results?.status }
        #expect(eventually { kept.value != nil })
        #expect(failure { try memory.manager.dismount(memory.volume) } == .sharingViolation)
        file.close()
        #expect(failure { try memory.manager.dismount(memory.volume) } == .sharingViolation)
        kept.value?.completePendedPreOperation(.successNoCallback)
        // The filters let the ENABLE pass, but bypass of a closed handle is never on.
        #expect(failure { try enable.result() } == .fileClosed)
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
        try memory.manager.dismount(memory.volume)
        #expect(failure { try file.bypassIO(.query) } == .fileClosed)
        #expect(failure { try keeper.bypassIO(.query, on: file) } == .fltDeletingObject)
        #expect(failure { try memory.volume.open("data") } == .fltVolumeNotFound)
        #expect(failure { try memory.attach(filter("late", at: "1")) } == .fltVolumeNotFound)
    }

    @Test("controls, closes and detaches that meet end with a documented status each")
    func race() throws {
        let memory = self.memory
        try memory.file().close()
        let allowed: Set<NTStatus?> = [nil, .fileClosed, .fltDeletingObject, .accessDenied]
        let odd = Box<[NTStatus?]>([])
        let current = Box<(FileObject, FilterInstance)?>(nil)
        let isDone = Box(false)
        let callers = (0..<2).map { number in
            OwnThread {
                var step = number
                while !isDone.value {
                    guard let (file, instance) = current.value else { continue }
                    let operation = BypassIOOperation.all[step % BypassIOOperation.all.count]
                    step += 1
                    let answers = [
                        failure { try file.bypassIO(operation) },
                        failure { try instance.bypassIO(operation, on: file) },
                    ]
                    for answer in answers where !allowed.contains(answer) {
                        odd.value += [answer]
                    }
                }
            }
        }
        let passer = try filters.register(
            tracer("passer", at: "100", Trace(), [.fileSystemControl]))
        for _ in 0..<300 {
            let file = try memory.volume.open("data", options: .nonCached)
            let instance = try filters.attach(passer, to: memory.volume)
            current.value = (file, instance)
            _ = try? file.bypassIO(.enable)
            try filters.detach(instance)
            file.close()
        }
        isDone.value = true
        for caller in callers { try caller.result() }
        current.value = nil
        #expect(odd.value.isEmpty, "\(odd.value)")
        _ = try memory.volume.open("data").bypassIO(.volumeStackResume)
        #expect(memory.volume.activeBypassCount == 0)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
        try memory.manager.dismount(memory.volume)
    }
}
