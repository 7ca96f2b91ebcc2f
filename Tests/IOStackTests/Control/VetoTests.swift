import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("FltVetoBypassIo, spec 2.2, 4.3 and 6.2")
struct VetoTests {
    let memory = MemoryVolume()

    /// Attaches a filter whose pre callback vetoes with these arguments and completes; returns the
    /// answer to the control.
    private func attachVetoer(
        status: NTStatus = .notSupportedWithMonitoring, reason: String = "Watched.",
        answer: Box<NTStatus?>
    ) throws {
        try memory.attach(
            filter(
                "watch.sys", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        answer.value = data.vetoBypassIO(instance, status: status, reason: reason)
                        return .complete
                    })))
    }

    @Test(
        "spec 6.2: a veto of ENABLE or QUERY completes with STATUS_SUCCESS and 352 bytes",
        arguments: [BypassIOOperation.enable, .query])
    func veto(operation: BypassIOOperation) throws {
        let answer = Box<NTStatus?>(nil)
        try attachVetoer(answer: answer)
        let file = try memory.file()
        let (block, output) = file.send(try operation.input(), outputLength: 352)
        #expect(block == IOStatusBlock(.success, information: 352))
        #expect(answer.value == .success)
        let decoded = try FSBypassIOOutput(decoding: output.span)
        #expect(decoded.operation == operation)
        #expect(decoded.results?.status == .notSupportedWithMonitoring)
        #expect(decoded.results?.driverName.string == "watch.sys")
        #expect(decoded.results?.failureReason.string == "Watched.")
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
        #expect(memory.disk.controls.isEmpty)
    }

    @Test(
        "spec 2.2: STATUS_NOT_SUPPORTED for anything but ENABLE and QUERY",
        arguments: BypassIOOperation.all.filter { $0 != .enable && $0 != .query })
    func wrongOperation(operation: BypassIOOperation) throws {
        let answer = Box<NTStatus?>(nil)
        try attachVetoer(answer: answer)
        let file = try memory.file()
        let block = file.send(try operation.input(), outputLength: 352).block
        #expect(answer.value == .notSupported)
        #expect(block == IOStatusBlock(.notSupported))
    }

    @Test("spec 2.2: STATUS_NOT_SUPPORTED for another control and another request")
    func wrongRequest() throws {
        let answers = Box<[NTStatus]>([])
        let pre: PreOperationCallback = { data, instance in
            answers.value += [
                data.vetoBypassIO(instance, status: .notSupported, reason: "No.")
            ]
            return .successNoCallback
        }
        try memory.attach(
            filter(
                "watch", at: "100", OperationRegistration(.flushBuffers, preOperation: pre),
                OperationRegistration(.fileSystemControl, preOperation: pre)))
        let file = try memory.file()
        try file.flush()
        let block = file.send(
            try BypassIOOperation.enable.input(), outputLength: 352, code: ControlCode(rawValue: 4)
        ).block
        #expect(block.status == .invalidDeviceRequest)
        #expect(answers.value == [.notSupported, .notSupported])
    }

    @Test("spec 2.2: a post callback cannot veto, nor spoil the answer by trying")
    func fromPostCallback() throws {
        let answer = Box<NTStatus?>(nil)
        try memory.attach(
            filter(
                "late", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    postOperation: { data, instance, _ in
                        answer.value = data.vetoBypassIO(
                            instance, status: .notSupported, reason: "Too late.")
                        return .finishedProcessing
                    })))
        let file = try memory.file()
        let results = try file.bypassIO(.enable).results
        #expect(answer.value == .notSupported)
        #expect(results?.status == .success && file.isBypassEnabled)
    }

    @Test("spec 4.3: a filter vetoes in its own name only")
    func foreignInstance() throws {
        let answer = Box<NTStatus?>(nil)
        let other = try memory.attach(filter("innocent", at: "300"))
        try memory.attach(
            filter(
                "liar", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, _ in
                        answer.value = data.vetoBypassIO(
                            other, status: .notSupported, reason: "Not me.")
                        return .successNoCallback
                    })))
        let file = try memory.file()
        #expect(try file.query().status == .success)
        #expect(answer.value == .notSupported)
    }

    @Test(
        "spec 2.2: STATUS_INVALID_PARAMETER_3 for a status that is no error",
        arguments: [NTStatus.success, .fltIOComplete, NTStatus(rawValue: 0x8000_0005)])
    func noError(status: NTStatus) throws {
        let answer = Box<NTStatus?>(nil)
        try attachVetoer(status: status, reason: "", answer: answer)
        let file = try memory.file()
        let block = file.send(try BypassIOOperation.query.input(), outputLength: 352).block
        #expect(answer.value == .invalidParameter3 && block == IOStatusBlock(.invalidParameter3))
    }

    @Test("spec 2.2: STATUS_INVALID_PARAMETER_4 without a reason")
    func noReason() throws {
        let answer = Box<NTStatus?>(nil)
        try attachVetoer(reason: "", answer: answer)
        let file = try memory.file()
        let block = file.send(try BypassIOOperation.enable.input(), outputLength: 352).block
        #expect(answer.value == .invalidParameter4 && block == IOStatusBlock(.invalidParameter4))
        #expect(!file.isBypassEnabled)
    }

    @Test("spec 2.2: a higher filter that shrinks the buffers makes their statuses appear")
    func shrunkBuffers() throws {
        let lengths = Box((input: 24, output: 352))
        try memory.attach(
            filter(
                "shrinker", at: "300",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, _ in
                        if case .fileSystemControl(var control) = data.parameters {
                            control.input = Array(control.input.prefix(lengths.value.input))
                            control.outputLength = lengths.value.output
                            data.parameters = .fileSystemControl(control)
                        }
                        return .successNoCallback
                    })))
        let answer = Box<NTStatus?>(nil)
        try attachVetoer(status: .success, reason: "", answer: answer)
        let file = try memory.file()
        let cases: [(Int, Int, NTStatus)] = [
            (23, 352, .invalidBufferSize), (0, 0, .invalidBufferSize),
            (24, 351, .bufferTooSmall), (24, 0, .bufferTooSmall), (24, 352, .invalidParameter3),
        ]
        for (input, output, status) in cases {
            lengths.value = (input, output)
            let block = file.send(try BypassIOOperation.enable.input(), outputLength: 352).block
            #expect(answer.value == status && block == IOStatusBlock(status))
        }
    }

    @Test("spec 6.3: the file system looks again at what a filter changed")
    func changedOnTheWay() throws {
        let change = Box<@Sendable (inout FileSystemControlParameters) -> Void>({ _ in })
        try memory.attach(
            filter(
                "changer", at: "300",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, _ in
                        if case .fileSystemControl(var control) = data.parameters {
                            change.value(&control)
                            data.parameters = .fileSystemControl(control)
                        }
                        return .successNoCallback
                    })))
        let file = try memory.file()
        let cases: [(@Sendable (inout FileSystemControlParameters) -> Void, NTStatus)] = [
            ({ $0.input = [] }, .invalidBufferSize), ({ $0.input[0] = 9 }, .invalidParameter),
            ({ $0.outputLength = 351 }, .bufferTooSmall),
            ({ $0.code = ControlCode(rawValue: 4) }, .invalidDeviceRequest),
        ]
        for (body, status) in cases {
            change.value = body
            let block = file.send(try BypassIOOperation.enable.input(), outputLength: 352).block
            #expect(block == IOStatusBlock(status))
        }
        #expect(!file.isBypassEnabled)
    }

    @Test("spec 4.3: the first veto from the top wins, lower filters never see the request")
    func firstVetoWins() throws {
        let trace = Trace()
        let upper = Box<(NTStatus, String)?>((.notSupportedWithAuditing, "Audited."))
        let lower = Box<(NTStatus, String)?>((.notSupportedWithSnapshot, "Snapshot."))
        try memory.attach(tracer("top", at: "400", trace, [.fileSystemControl]))
        try memory.attach(vetoer("upper", at: "300", while: upper))
        try memory.attach(tracer("between", at: "250", trace, [.fileSystemControl]))
        try memory.attach(vetoer("lower", at: "200", while: lower))
        let file = try memory.file()
        let first = try file.query()
        #expect(first.status == .notSupportedWithAuditing && first.driverName.string == "upper")
        #expect(trace.take() == ["top>", "top<"])
        upper.value = nil
        let second = try file.query()
        #expect(second.status == .notSupportedWithSnapshot && second.driverName.string == "lower")
        #expect(trace.take() == ["top>", "between>", "between<", "top<"])
    }

    @Test("spec 6.2: names are cut to 32 and reasons to 128 units, never inside a surrogate pair")
    func truncation() throws {
        let name = String(repeating: "n", count: 31) + "😀tail"
        let reason = String(repeating: "r", count: 127) + "😀tail"
        try memory.attach(
            filter(
                name, at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        data.vetoBypassIO(instance, status: .notSupported, reason: reason)
                        return .complete
                    })))
        let file = try memory.file()
        let results = try file.query()
        #expect(results.driverName.string == String(repeating: "n", count: 31))
        #expect(results.failureReason.string == String(repeating: "r", count: 127))
    }

    @Test("spec 4.3: post callbacks see the verdict of everything below")
    func verdictForPostCallbacks() throws {
        let seen = Box<[NTStatus?]>([])
        try memory.attach(
            filter(
                "observer", at: "300",
                OperationRegistration(
                    .fileSystemControl,
                    postOperation: { data, _, _ in
                        seen.value += [data.bypassIOVerdict?.status]
                        return .finishedProcessing
                    }),
                OperationRegistration(
                    .queryEA,
                    postOperation: { data, _, _ in
                        seen.value += [data.bypassIOVerdict?.status]
                        return .finishedProcessing
                    })))
        let veto = Box<(NTStatus, String)?>((.notSupportedWithAuditing, "Audited."))
        try memory.attach(vetoer("lower", at: "200", while: veto))
        let file = try memory.file()
        _ = try file.bypassIO(.enable)
        veto.value = nil
        _ = try file.bypassIO(.enable)
        try memory.fileSystem.setAttributes(.compressed, at: "data")
        _ = try file.bypassIO(.query)
        _ = try file.bypassIO(.disable)
        _ = try file.bypassIO(.streamResume)
        // Resembles a verdict, but is the value of an attribute.
        var value = try BypassIOOperation.query.input()
        value += [UInt8](repeating: 0, count: 352 - value.count)
        try file.setAttribute("user.a", to: value)
        _ = try file.attribute("user.a")
        #expect(
            seen.value == [
                .notSupportedWithAuditing, .success, .notSupportedWithCompression, nil, .success,
                nil,
            ])
    }
}
