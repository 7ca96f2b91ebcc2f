import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// Whoever is told of the layers that requests pass.
@Suite("Layers that are told")
struct LayerTraceTests {
    /// Keeps what it is told.
    private final class Watcher: LayerObserver {
        private let visits = Guarded<[LayerVisit]>([])

        func saw(_ visit: LayerVisit) { visits.withLock { $0.append(visit) } }

        func held(_ read: KernelRead, of file: FileObject) {}

        func answered(_ read: KernelRead, _ failure: IOFailure?) {}

        func take() -> [LayerVisit] {
            visits.withLock { visits in
                defer { visits = [] }
                return visits
            }
        }

        /// `preCallback upper`.
        func words() -> [String] { take().map { "\($0.layer.rawValue) \($0.name)" } }
    }

    private static let read = [
        "preCallback upper", "preCallback lower", "storage memory disk", "postCallback lower",
        "postCallback upper", "request IRP_MJ_READ",
    ]

    private func volume() throws -> (MemoryVolume, Trace) {
        let (memory, trace) = (MemoryVolume(), Trace())
        try memory.attach(tracer("upper", at: "200", trace))
        try memory.attach(tracer("lower", at: "100", trace))
        return (memory, trace)
    }

    private func words(_ watcher: Watcher, _ memory: MemoryVolume) -> [String] {
        watcher.words().map {
            $0.replacing("storage \(memory.volume.stack.storage.name)", with: "storage memory disk")
        }
    }

    @Test("nothing is told while nobody looks; then each layer of a read; then nothing")
    func told() throws {
        let (memory, _) = try volume()
        let file = try memory.file()
        let watcher = Watcher()
        _ = try file.read(at: 0, length: 512)
        memory.volume.traceLayers(by: watcher)
        #expect(watcher.take().isEmpty)
        _ = try file.read(at: 0, length: 512)
        #expect(words(watcher, memory) == Self.read)
        memory.volume.traceLayers(by: nil)
        _ = try file.read(at: 0, length: 512)
        #expect(watcher.take().isEmpty)
    }

    @Test("what lies within something else is told before it, and its time lies within")
    func nested() throws {
        let (memory, _) = try volume()
        let file = try memory.file()
        let watcher = Watcher()
        memory.volume.traceLayers(by: watcher)
        _ = try file.read(at: 512, length: 1024)
        let visits = watcher.take()
        let request = try #require(visits.last)
        let parts = visits.dropLast()
        #expect(parts.allSatisfy { $0.began >= request.began && $0.ended <= request.ended })
        #expect(parts.allSatisfy { $0.began <= $0.ended })
        #expect(zip(parts, parts.dropFirst()).allSatisfy { $0.ended <= $1.began })
        let asked = try #require(request.request)
        #expect(asked.path == "data" && asked.offset == 512 && asked.length == 1024)
        #expect(asked.status == .success && asked.control == nil && !asked.isGenerated)
        #expect(visits[0].altitude == altitude("200") && visits[0].outcome == .passed)
    }

    @Test("a read past the filters is told nowhere")
    func bypassed() throws {
        let memory = MemoryVolume()
        try memory.attach(tracer("filter", at: "100", Trace()))
        let file = try memory.enabledFile()
        let watcher = Watcher()
        memory.volume.traceLayers(by: watcher)
        _ = try file.read(at: 0, length: 4096)
        #expect(file.readsByRoute[.fullBypass] == 1 && watcher.take().isEmpty)
    }

    @Test("requests that no filter has a callback for are told, too")
    func unfiltered() throws {
        let memory = MemoryVolume()
        let file = try memory.file()
        let watcher = Watcher()
        memory.volume.traceLayers(by: watcher)
        _ = try file.read(at: 0, length: 512)
        #expect(watcher.words().last == "request IRP_MJ_READ")
        let control = try file.bypassIO(.enable)
        #expect(control.results?.status == .success)
        #expect(watcher.take().last?.request?.control == .enable)
        file.close()
        let functions = watcher.take().compactMap(\.request?.function)
        #expect(functions == [.cleanup, .close])
        let opened = try memory.volume.open("data")
        #expect(watcher.take().last?.request?.path == "data")
        memory.volume.traceLayers(by: nil)
        opened.close()
        #expect(watcher.take().isEmpty)
    }

    @Test("a veto is told with the layer that answered, also of a filter that never opted in")
    func veto() throws {
        let memory = MemoryVolume()
        let refusal = Box<(NTStatus, String)?>((.notSupportedWithAuditing, "Because."))
        try memory.attach(tracer("upper", at: "200", Trace(), [.fileSystemControl]))
        try memory.attach(vetoer("vetoer", at: "100", while: refusal))
        let file = try memory.file()
        let watcher = Watcher()
        memory.volume.traceLayers(by: watcher)
        _ = try file.bypassIO(.enable)
        let visits = watcher.take()
        #expect(
            visits.map(\.name) == ["upper", "vetoer", "upper", "IRP_MJ_FILE_SYSTEM_CONTROL"])
        #expect(visits[1].outcome == .completed)
        #expect(visits.last?.request?.veto?.driver == "vetoer")
        #expect(visits.last?.request?.veto?.status == .notSupportedWithAuditing)

        try memory.attach(tracer("old", at: "300", Trace(), features: []))
        _ = watcher.take()
        _ = try file.bypassIO(.query)
        let standing = watcher.take()
        #expect(standing.map(\.name) == ["old", "IRP_MJ_FILE_SYSTEM_CONTROL"])
        #expect(standing.first?.outcome == .completed)
        #expect(standing.last?.request?.veto?.driver == "old")
    }

    @Test("a filter that comes while somebody looks is told; one that goes is told no more")
    func attached() throws {
        let memory = MemoryVolume()
        let file = try memory.file()
        let watcher = Watcher()
        memory.volume.traceLayers(by: watcher)
        let instance = try memory.attach(tracer("late", at: "100", Trace()))
        _ = watcher.take()
        _ = try file.read(at: 0, length: 512)
        #expect(watcher.words().contains("preCallback late"))
        try memory.manager.filterManager.detach(instance)
        _ = watcher.take()
        _ = try file.read(at: 0, length: 512)
        #expect(!watcher.words().contains { $0.contains("late") })
    }

    @Test("the time that a filter keeps a request is told by itself")
    func kept() throws {
        let memory = MemoryVolume()
        let kept = Box<Kept?>(nil)
        try memory.attach(
            filter(
                "keeper", at: "100",
                OperationRegistration(
                    .read,
                    preOperation: { data, instance in
                        kept.value = Kept(data, instance)
                        return .pending
                    })))
        let file = try memory.file()
        let watcher = Watcher()
        memory.volume.traceLayers(by: watcher)
        let reader = OwnThread { _ = try file.read(at: 0, length: 512) }
        var held: Kept?
        while held == nil { held = kept.value }
        while held?.completePendedPreOperation(.successNoCallback) != .success {}
        try reader.result()
        let visits = watcher.take()
        #expect(
            visits.map(\.layer) == [.preCallback, .kept, .storage, .request], "\(visits)")
        #expect(visits[0].outcome == .pended && visits[1].name == "keeper")
    }
}
