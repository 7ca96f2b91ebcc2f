import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// Implements every protocol of filters, and does what a test asks.
private final class Everything: Filter, OpenFilter, ReadFilter, WriteFilter, ChangeFilter,
    CleanupFilter, BypassFilter, BypassResumeFilter
{
    let name = "everything"
    let altitude = IOStackTests.altitude("300")
    let kernelReads: KernelReadTerms? = .asked
    let contexts: Set<ContextKind> = [.stream]
    let trace = Trace()
    let answer = Box(PreOperationAnswer.pass)
    let veto = Box(BypassAnswer.pass)
    let kept = Box<PreRead?>(nil)
    let drained = Box(0)

    func willOpen(_ open: PreOpen) -> PreOperationAnswer {
        trace.note("willOpen \(open.path)")
        return .pass
    }

    func didOpen(_ open: PostOpen) {
        trace.note("didOpen \(open.file?.openedPath ?? "\(open.status)")")
    }

    func willRead(_ read: PreRead) -> PreOperationAnswer {
        trace.note("willRead \(read.offset) \(read.length)")
        if case .pend = answer.value { kept.value = read }
        return answer.value
    }

    func didRead(_ read: PostRead) {
        if read.isDraining { drained.add(1) }
        if case .value(let number) = read.context { trace.note("context \(number)") }
        trace.note("didRead \(read.offset) \(read.count) of \(read.length)")
    }

    func willWrite(_ write: PreWrite) -> PreOperationAnswer {
        trace.note("willWrite \(write.offset) \(write.length)")
        return answer.value
    }

    func didWrite(_ write: PostWrite) { trace.note("didWrite \(write.count)") }

    func willChange(_ change: PreChange) -> PreOperationAnswer {
        if case .endOfFile(let size) = change.change { trace.note("willChange \(size)") }
        return .pass
    }

    func didChange(_ change: PostChange) { trace.note("didChange \(change.isSuccess)") }

    func willCleanUp(_ cleanup: PreCleanup) { trace.note("cleanup \(cleanup.file.openedPath)") }

    func bypass(_ question: BypassQuestion) -> BypassAnswer {
        trace.note("asked \(question.operation == .enable)")
        return veto.value
    }

    func willResumeBypass(_ resume: BypassResume) { trace.note("resume") }
}

@Suite("A filter that is a type")
struct FilterTypeTests {
    private let memory = MemoryVolume()
    private let everything = Everything()

    @Test("each method is a row's callback, and is handed what the request is about")
    func everyMethod() throws {
        try memory.attach(everything)
        let trace = everything.trace
        let file = try memory.volume.open(
            "data", access: [.read, .write], disposition: .create, options: .nonCached)
        #expect(trace.take() == ["willOpen data", "didOpen data"])
        try file.write(pattern(100), at: 5)
        #expect(trace.take() == ["willWrite 5 100", "didWrite 100"])
        _ = try file.read(at: 0, length: 200)
        #expect(trace.take() == ["willRead 0 200", "didRead 0 105 of 200"])
        try file.apply(.endOfFile(7))
        #expect(trace.take() == ["willChange 7", "didChange true"])
        _ = try file.bypassIO(.enable)
        _ = try file.bypassIO(.query)
        _ = try file.bypassIO(.streamPause)
        _ = try file.bypassIO(.streamResume)
        #expect(trace.take() == ["asked true", "asked false", "resume", "asked false"])
        file.close()
        #expect(trace.take() == ["cleanup data"])
        #expect(failure { try memory.volume.open("none") } == .objectNameNotFound)
        #expect(trace.take().last == "didOpen \(NTStatus.objectNameNotFound)")
    }

    @Test(
        "what a type does not name is not registered, and it counts as opted in only if it says so")
    func registration() {
        let rows = Dictionary(
            uniqueKeysWithValues: everything.registration.operations.map { ($0.majorFunction, $0) })
        #expect(
            Set(rows.keys) == [
                .create, .read, .write, .setInformation, .cleanup, .fileSystemControl,
            ])
        #expect(rows[.read]?.postOperation != nil && rows[.cleanup]?.postOperation == nil)
        #expect(everything.registration.kernelReads == .asked)
        #expect(everything.registration.contexts == [.stream])
        #expect(everything.registration.supportedFeatures == .bypassIO)
        let watcher = Watcher().registration
        #expect(watcher.operations.count == 1 && watcher.operations[0].postOperation == nil)
        #expect(watcher.kernelReads == nil)
        final class Unaware: Filter, PostReadFilter {
            let name = "unaware"
            let altitude = IOStackTests.altitude("1")
            func didRead(_ read: PostRead) {}
        }
        let unaware = Unaware().registration
        #expect(unaware.supportedFeatures == [] && unaware.operations[0].preOperation == nil)
    }

    @Test("an answer ends the request, hands a context on, or leaves the way up out")
    func answers() throws {
        try memory.attach(everything)
        let file = try memory.file()
        let trace = everything.trace
        _ = trace.take()
        everything.answer.value = .passAndForget
        #expect(try file.read(at: 0, length: 10).count == 10)
        #expect(trace.take() == ["willRead 0 10"])
        everything.answer.value = .passWith(.value(7))
        _ = try file.read(at: 0, length: 10)
        #expect(trace.take() == ["willRead 0 10", "context 7", "didRead 0 10 of 10"])
        everything.answer.value = .fail(.accessDenied)
        #expect(failure { try file.read(at: 0, length: 10) } == .accessDenied)
        everything.answer.value = .complete(4)
        #expect(try file.read(at: 0, length: 10).count == 4)
        #expect(memory.disk.reads.count == 2)
    }

    @Test("a request that a filter keeps goes on as it says then, once")
    func pended() throws {
        try memory.attach(everything)
        let file = try memory.file()
        everything.answer.value = .pend
        let read = OwnThread { try file.read(at: 0, length: 10).count }
        #expect(eventually { everything.kept.value != nil })
        let kept = try #require(everything.kept.value)
        #expect(kept.resume(.pend) == .invalidParameter)
        #expect(kept.resume(.pass) == .success)
        #expect(kept.resume(.fail(.accessDenied)) == .fltInvalidAsynchronousRequest)
        #expect(try read.result() == 10)
        everything.kept.value = nil
        let failed = OwnThread { try file.read(at: 0, length: 10).count }
        #expect(eventually { everything.kept.value != nil })
        everything.kept.value?.resume(.fail(.virusInfected))
        #expect(failure { try failed.result() } == .virusInfected)
    }

    @Test("spec 4.3: an answer is a veto in one act")
    func veto() throws {
        try memory.attach(everything)
        let file = try memory.file()
        everything.veto.value = .veto(.notSupportedWithAuditing, reason: "Audited.")
        let verdict = try file.bypassIO(.enable).results
        #expect(verdict?.driverName.string == "everything")
        #expect(verdict?.status == .notSupportedWithAuditing)
        #expect(verdict?.failureReason.string == "Audited." && !file.isBypassEnabled)
    }

    @Test("a change of the request is seen below and not above")
    func changedRequest() throws {
        final class Cutter: Filter, ReadFilter {
            let name = "cutter"
            let altitude = IOStackTests.altitude("200")
            let lengths = Box<[Int]>([])

            func willRead(_ read: PreRead) -> PreOperationAnswer {
                read.length = 3
                read.offset = 2
                return .pass
            }

            func didRead(_ read: PostRead) {
                lengths.change { $0 += [read.length, read.count, Int(read.offset)] }
            }
        }
        let cutter = Cutter()
        try memory.attach(cutter)
        let bytes = pattern(100)
        let file = try memory.file("data", bytes)
        #expect(try file.read(at: 0, length: 50) == Array(bytes[2..<5]))
        #expect(cutter.lengths.value == [50, 3, 0])
    }

    @Test(
        "of a request that a detach leaves behind a filter hears only where it left a context",
        arguments: [false, true])
    func draining(withContext: Bool) throws {
        let instance = try memory.attach(everything)
        let file = try memory.file()
        everything.answer.value = withContext ? .passWith(.value(1)) : .pass
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 10).count }
        #expect(memory.disk.waitForHeldReads(1))
        try memory.manager.filterManager.detach(instance)
        #expect(everything.drained.value == (withContext ? 1 : 0))
        memory.disk.stopHoldingReads()
        #expect(try read.result() == 10)
        #expect(
            everything.trace.notes.filter { $0.hasPrefix("didRead") }.count == (withContext ? 1 : 0)
        )
    }

    @Test("a table has one row for each function: other rows of the same are refused")
    func otherOperations() throws {
        final class Twice: Filter, PreReadFilter {
            let name = "twice"
            let altitude = IOStackTests.altitude("1")
            let otherOperations: [OperationRegistration]
            init(_ major: MajorFunction) { otherOperations = [OperationRegistration(major)] }
            func willRead(_ read: PreRead) -> PreOperationAnswer { .pass }
        }
        #expect(failure { try memory.attach(Twice(.read)) } == .invalidParameter)
        try memory.attach(Twice(.flushBuffers))
    }
}
