import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("ZwFsControlFile and FltFsControlFile")
struct EntryPointTests {
    let memory = MemoryVolume()
    let trace = Trace()

    /// Attaches three filters that note the controls they see. Returns the instance of the middle
    /// one.
    func threeFilters() throws -> FilterInstance {
        try memory.attach(tracer("high", at: "300", trace, [.fileSystemControl]))
        try memory.attach(tracer("low", at: "100", trace, [.fileSystemControl]))
        return try memory.attach(tracer("middle", at: "200", trace, [.fileSystemControl]))
    }

    @Test("ZwFsControlFile enters at the top of the stack")
    func fromTheTop() throws {
        _ = try threeFilters()
        let file = try memory.file()
        #expect(
            file.send(try BypassIOOperation.query.input(), outputLength: 352).block.status
                == .success)
        #expect(trace.take() == ["high>", "middle>", "low>", "low<", "middle<", "high<"])
    }

    @Test("FltFsControlFile enters strictly below its instance")
    func belowAnInstance() throws {
        let middle = try threeFilters()
        let file = try memory.file()
        var output = [UInt8](repeating: 0xA5, count: 400)
        var span = output.mutableSpan
        let input = try BypassIOOperation.query.input()
        let block = middle.fsControl(file, .manageBypassIO, input: input.span, output: &span)
        #expect(block == IOStatusBlock(.success, information: 352))
        #expect(output[352...].allSatisfy { $0 == 0xA5 })
        #expect(trace.take() == ["low>", "low<"])
        #expect(try middle.bypassIO(.enable, on: file).results?.status == .success)
        #expect(trace.take() == ["low>", "low<"])
        let lowest = try #require(memory.volume.instances.last)
        _ = try lowest.bypassIO(.query, on: file)
        #expect(trace.take().isEmpty)
    }

    @Test("FltFsControlFile from an instance without a callback for controls is placed alike")
    func belowASilentInstance() throws {
        _ = try threeFilters()
        let silent = try memory.attach(filter("silent", at: "250"))
        let file = try memory.file()
        _ = try silent.bypassIO(.query, on: file)
        #expect(trace.take() == ["middle>", "low>", "low<", "middle<"])
    }

    @Test("spec 5: a request from an instance is marked as generated, by the kernel")
    func generated() throws {
        let seen = Box<[String]>([])
        try memory.attach(
            filter(
                "low", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, _ in
                        let origin = data.flags.contains(.generatedIO) ? "generated" : "sent"
                        seen.value += ["\(origin) \(data.requestor.mode)"]
                        return .successNoCallback
                    })))
        let above = try memory.attach(filter("above", at: "200"))
        let file = try memory.file("data", options: .nonCached, requestor: .user(1000))
        _ = try above.bypassIO(.query, on: file)
        _ = try file.bypassIO(.query)
        #expect(seen.value == ["generated kernel", "sent user"])
    }

    @Test("FltFsControlFile refuses a detached instance and a file object of another volume")
    func refusals() throws {
        let instance = try threeFilters()
        let other = MemoryVolume()
        let foreign = try other.file()
        let file = try memory.file()
        let input = try BypassIOOperation.enable.input()
        var output = [UInt8](repeating: 0xA5, count: 352)
        var span = output.mutableSpan
        #expect(
            instance.fsControl(foreign, .manageBypassIO, input: input.span, output: &span)
                == IOStatusBlock(.invalidParameter))
        try memory.manager.filterManager.detach(instance)
        #expect(
            instance.fsControl(file, .manageBypassIO, input: input.span, output: &span)
                == IOStatusBlock(.fltDeletingObject))
        #expect(
            failure { try instance.bypassIO(.enable, on: file) }
                == .fltDeletingObject)
        #expect(output.allSatisfy { $0 == 0xA5 })
        #expect(!file.isBypassEnabled && !foreign.isBypassEnabled && trace.notes.isEmpty)
    }

    @Test("spec 6.3: FltFsControlFile checks arguments as ZwFsControlFile does")
    func arguments() throws {
        let instance = try threeFilters()
        let file = try memory.file()
        var output = [UInt8](repeating: 0xA5, count: 23)
        var span = output.mutableSpan
        let short = [UInt8](repeating: 0, count: 23)
        let wrong = try BypassIOOperation(rawValue: 9).input()
        let enable = try BypassIOOperation.enable.input()
        for (input, status) in [
            (short, NTStatus.invalidBufferSize), (wrong, .invalidParameter),
            (enable, .bufferTooSmall),
        ] {
            let block = instance.fsControl(
                file, .manageBypassIO, input: input.span, output: &span)
            #expect(block == IOStatusBlock(status))
        }
        let code = ControlCode(rawValue: 4)
        #expect(
            instance.fsControl(file, code, input: enable.span, output: &span)
                == IOStatusBlock(.invalidDeviceRequest))
        #expect(output.allSatisfy { $0 == 0xA5 })
    }

    @Test("what a filter answers itself must fit the caller's output")
    func filterAnswer() throws {
        try memory.attach(
            filter(
                "answerer", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, _ in
                        guard case .fileSystemControl(let control) = data.parameters,
                            control.code.rawValue == 4
                        else { return .successNoCallback }
                        data.result = .bytes(control.input + [7])
                        data.ioStatus = .success
                        return .complete
                    })))
        let file = try memory.file()
        let code = ControlCode(rawValue: 4)
        let (fits, output) = file.send([1, 2], outputLength: 4, code: code)
        #expect(fits == IOStatusBlock(.success, information: 3) && output == [1, 2, 7, 0xA5])
        let (tooLong, untouched) = file.send([1, 2], outputLength: 2, code: code)
        #expect(tooLong == IOStatusBlock(.bufferTooSmall) && untouched == [0xA5, 0xA5])
    }
}
