import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// Keeps a line of text for each event.
private final class Notebook: VolumeObserver {
    private let trace = Trace()

    func saw(_ event: VolumeEvent, on volume: Volume) {
        switch event {
        case .attached(let filter, let altitude, let knows):
            trace.note("attached \(filter) \(altitude) \(knows)")
        case .detached(let filter, _): trace.note("detached \(filter)")
        case .controlled(let operation, let file, let outcome):
            trace.note("\(operation) \(file.path) \(words(outcome))")
        case .refused(let operation, let file, let veto):
            trace.note("refused \(operation) \(file.path) \(veto.driver)")
        case .suspended(let file, let cause): trace.note("suspended \(file.path): \(cause)")
        case .suspensionEnded(let file, let cause):
            trace.note("suspended no more \(file.path): \(cause)")
        case .kernelGranted(let file): trace.note("granted \(file.path)")
        case .kernelGate(let file, let move): trace.note("gate \(file.path) \(words(move))")
        }
    }

    private func words(_ outcome: VolumeEvent.ControlOutcome) -> String {
        switch outcome {
        case .done: "done"
        case .refused(let veto): "refused by \(veto.driver)"
        case .failed(let failure): "failed \(failure.errno)"
        }
    }

    private func words(_ move: VolumeEvent.GateMove) -> String {
        switch move {
        case .closed(let cause): "closed: \(cause)"
        case .opened: "opened"
        case .stuck(let cause, let failure): "stuck: \(cause), \(failure.errno)"
        }
    }

    func take() -> [String] { trace.take() }
}

@Suite("What the observer of a volume is told")
struct ObserverTests {
    private let notebook = Notebook()
    private let memory: MemoryVolume

    init() {
        memory = MemoryVolume(observer: notebook)
        memory.fileSystem.kernelReadsAreRevocable = true
    }

    @Test("attach and detach, each once")
    func attach() throws {
        let instance = try memory.attach(filter("knower", at: "200"))
        try memory.attach(tracer("blocker", at: "100", Trace(), features: []))
        #expect(notebook.take() == ["attached knower 200 true", "attached blocker 100 false"])
        #expect(throws: NTStatus.self) { try memory.attach(filter("other", at: "200")) }
        #expect(notebook.take() == [], "what was not attached")
        try memory.manager.filterManager.detach(instance)
        #expect(notebook.take() == ["detached knower"])
    }

    @Test("pauses, resumes that are refused, and resumes; a filter's and a program's")
    func pauses() throws {
        let veto = Box<(NTStatus, String)?>(nil)
        let instance = try memory.attach(vetoer("auditor", at: "200", while: veto))
        let file = try memory.enabledFile()
        _ = notebook.take()
        veto.value = (.notSupportedWithAuditing, "No.")
        try instance.bypass.pause(file)
        _ = try file.bypassIO(.streamResume)
        veto.value = nil
        _ = try file.bypassIO(.streamResume)
        _ = try file.bypassIO(.volumeStackPause)
        _ = try file.bypassIO(.volumeStackResume)
        _ = try file.bypassIO(.disable)
        #expect(
            notebook.take() == [
                "FS_BPIO_OP_STREAM_PAUSE data done",
                "FS_BPIO_OP_STREAM_RESUME data refused by auditor",
                "FS_BPIO_OP_STREAM_RESUME data done", "FS_BPIO_OP_VOLUME_STACK_PAUSE data done",
                "FS_BPIO_OP_VOLUME_STACK_RESUME data done",
            ])
    }

    @Test("a pause that waits too long, because a read hangs")
    func bounded() throws {
        memory.volume.drainLimit = .milliseconds(10)
        let file = try memory.enabledFile()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512).count }
        #expect(memory.disk.waitForHeldReads(1))
        #expect(failure { try file.bypassIO(.streamPause) } == .ioTimeout)
        #expect(notebook.take() == ["FS_BPIO_OP_STREAM_PAUSE data failed \(Errno.timedOut)"])
        memory.disk.stopHoldingReads()
        #expect(try read.result() == 512)
    }

    @Test("the gate of the kernel's own reads: closed with its cause, opened, stuck")
    func gate() throws {
        let file = try memory.file()
        let door = try #require(try file.grantKernelReads() as? MemoryReadDoor)
        #expect(notebook.take() == ["granted data"])
        _ = try file.bypassIO(.streamPause)
        _ = try file.bypassIO(.streamResume)
        #expect(
            notebook.take() == [
                "gate data closed: \(TraditionalCause.streamPaused)",
                "FS_BPIO_OP_STREAM_PAUSE data done", "gate data opened",
                "FS_BPIO_OP_STREAM_RESUME data done",
            ])
        withExtendedLifetime(door) {}
        file.close()
        memory.fileSystem.kernelReadsAreRevocable = false
        let other = try memory.file("other")
        _ = try other.grantKernelReads()
        #expect(notebook.take() == ["granted other"])
        #expect(failure { try other.bypassIO(.streamPause) } == .notSupported)
        #expect(
            notebook.take() == [
                "gate other stuck: \(TraditionalCause.streamPaused), "
                    + "\(IOFailure(.notSupported).errno)",
                "FS_BPIO_OP_STREAM_PAUSE other failed \(IOFailure(.notSupported).errno)",
            ])
    }

    @Test("what suspends a file that has bypass, each cause once, and its end")
    func suspensions() throws {
        let file = try memory.enabledFile()
        _ = notebook.take()
        let cached = try [memory.volume.open("data"), memory.volume.open("data")]
        for reader in cached { _ = try reader.read(at: 0, length: 512) }
        memory.volume.suspendBypass(of: file.stream, because: .sparse)
        #expect(
            notebook.take() == [
                "suspended data: \(StreamSuspension.cachedHandle)",
                "suspended data: \(StreamSuspension.sparse)",
            ])
        cached[0].close()
        #expect(notebook.take() == [], "another handle caches still")
        memory.volume.endSuspension(of: file.stream, because: .sparse)
        cached[1].close()
        #expect(
            notebook.take() == [
                "suspended no more data: \(StreamSuspension.sparse)",
                "suspended no more data: \(StreamSuspension.cachedHandle)",
            ])
        file.close()
        memory.volume.suspendBypass(of: cached[0].stream, because: .sparse)
        #expect(notebook.take() == [], "nobody has bypass")
    }

    @Test("reads and questions: nothing")
    func reads() throws {
        let file = try memory.enabledFile()
        for offset in 0..<16 { _ = try file.read(at: UInt64(offset) * 512, length: 512) }
        _ = try file.query()
        _ = try file.bypassIO(.getInfo)
        file.close()
        #expect(notebook.take() == [])
    }
}
