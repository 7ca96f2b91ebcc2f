import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Contexts, spec 5")
struct ContextTests {
    let memory = MemoryVolume()
    let trace = Trace()

    @Test(
        "spec 5: a context is found again, kept or replaced, and taken off",
        arguments: ContextKind.allCases)
    func lifeOfAContext(kind: ContextKind) throws {
        let instance = try memory.attach(filter("one", at: "100", contexts: [kind]))
        let file = try memory.file()
        let target = target(kind, file)
        #expect(instance.context(on: target) == nil)
        let first = Note(trace, "first")
        #expect(try instance.setContext(first, on: target) == nil)
        #expect(instance.context(on: target) === first)
        let refused = Note(trace, "refused")
        #expect(try instance.setContext(refused, on: target, .keepIfExists) === first)
        #expect(instance.context(on: target) === first)
        let second = Note(trace, "second")
        #expect(try instance.setContext(second, on: target, .replaceIfExists) === first)
        #expect(instance.context(on: target) === second)
        #expect(instance.deleteContext(on: target) === second)
        #expect(instance.context(on: target) == nil)
        #expect(instance.deleteContext(on: target) == nil)
    }

    @Test("spec 5: a file's context is not its stream's, and both are every file object's")
    func fileAndStream() throws {
        let instance = try memory.attach(filter("one", at: "100", contexts: [.file, .stream]))
        let (file, again) = (try memory.file(), try memory.volume.open("data"))
        let (ofFile, ofStream) = (Note(trace, "file"), Note(trace, "stream"))
        #expect(try instance.setContext(ofFile, on: .file(file.stream)) == nil)
        #expect(try instance.setContext(ofStream, on: .stream(file.stream)) == nil)
        #expect(instance.context(on: .file(again.stream)) === ofFile)
        #expect(instance.context(on: .stream(again.stream)) === ofStream)
        #expect(instance.deleteContext(on: .stream(again.stream)) === ofStream)
        #expect(instance.context(on: .file(file.stream)) === ofFile)
    }

    @Test(
        "spec 5: a kind that was not registered cannot be set",
        arguments: ContextKind.allCases)
    func unregisteredKind(kind: ContextKind) throws {
        let others = Set(ContextKind.allCases).subtracting([kind])
        let instance = try memory.attach(filter("one", at: "100", contexts: others))
        let file = try memory.file()
        #expect(
            failure { try instance.setContext(Note(trace), on: target(kind, file)) }
                == .fltContextAllocationNotFound)
    }

    @Test(
        "spec 5: a detach takes the contexts away and their deinit runs",
        arguments: ContextKind.allCases)
    func detach(kind: ContextKind) throws {
        let instance = try memory.attach(filter("one", at: "100", contexts: [kind]))
        let file = try memory.file()
        try instance.setContext(Note(trace), on: target(kind, file))
        #expect(trace.notes.isEmpty)
        try memory.manager.filterManager.detach(instance)
        #expect(trace.notes == ["context gone"])
        #expect(
            failure { try instance.setContext(Note(trace), on: target(kind, file)) }
                == .fltDeletingObject)
    }

    @Test("spec 5: contexts belong to their instance; the volume's to the filter")
    func owners() throws {
        let filters = memory.manager.filterManager
        let one = try filters.register(
            filter("one", at: "100", contexts: Set(ContextKind.allCases)))
        let upper = try filters.attach(one, to: memory.volume)
        let lower = try filters.attach(one, to: memory.volume, altitude: altitude("50"))
        let file = try memory.file()
        try upper.setContext(Note(trace), on: .stream(file.stream))
        #expect(lower.context(on: .stream(file.stream)) == nil)
        try upper.setContext(Note(trace, "volume"), on: .volume)
        #expect(lower.context(on: .volume) != nil)
        try filters.detach(upper)
        #expect(trace.take() == ["context gone"])
        try filters.detach(lower)
        #expect(trace.take() == ["volume gone"])
    }

    @Test("spec 5: a file object's context goes at its close, a stream's with the last one")
    func close() throws {
        let instance = try memory.attach(
            filter("one", at: "100", contexts: [.stream, .streamHandle]))
        let first = try memory.file()
        let second = try memory.volume.open("data")
        #expect(first.stream === second.stream)
        try instance.setContext(Note(trace, "first"), on: .streamHandle(first))
        try instance.setContext(Note(trace, "second"), on: .streamHandle(second))
        try instance.setContext(Note(trace, "stream"), on: .stream(first.stream))
        first.close()
        #expect(trace.take() == ["first gone"])
        #expect(instance.context(on: .stream(second.stream)) != nil)
        #expect(
            failure { try instance.setContext(Note(trace), on: .streamHandle(first)) }
                == .notSupported)
        _ = trace.take()
        second.close()
        #expect(trace.take() == ["second gone", "stream gone"])
    }

    @Test("a file object that is dropped without a close takes its context along")
    func drop() throws {
        let instance = try memory.attach(filter("one", at: "100", contexts: [.streamHandle]))
        let staying = try memory.file()
        do {
            let dropped = try memory.volume.open("data")
            try instance.setContext(Note(trace), on: .streamHandle(dropped))
        }
        #expect(trace.notes == ["context gone"])
        staying.close()
    }

    private func target(
        _ kind: ContextKind, _ file: FileObject
    ) -> FilterInstance.ContextTarget {
        switch kind {
        case .volume: .volume
        case .instance: .instance
        case .file: .file(file.stream)
        case .stream: .stream(file.stream)
        case .streamHandle: .streamHandle(file)
        }
    }
}
