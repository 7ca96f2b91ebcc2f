import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Testing

/// Spec 4.3: a veto is final. It ends the request whatever its callback returns.
@Suite struct FinalVetoTests {
    let memory = MemoryVolume()

    /// Attaches a filter that vetoes ENABLE and QUERY with these arguments, and returns `result`
    /// nevertheless.
    private func attachForgetful(
        _ result: PreOperationResult, status: NTStatus = .notSupportedWithAuditing,
        reason: String = "Audited.", posts: Box<Int> = Box(0)
    ) throws {
        try memory.attach(
            filter(
                "forgetful", at: "200",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        data.vetoBypassIO(instance, status: status, reason: reason)
                        return result
                    },
                    postOperation: { _, _, _ in
                        posts.value += 1
                        return .finishedProcessing
                    })))
    }

    private static let results: [PreOperationResult] = [
        .successNoCallback, .successWithCallback(.value(1)), .synchronize(.none), .complete,
    ]

    @Test("a veto stands whatever the callback returns", arguments: 0..<4)
    func anyResult(number: Int) throws {
        let posts = Box(0)
        let below = Trace()
        try attachForgetful(Self.results[number], posts: posts)
        try memory.attach(tracer("below", at: "100", below, [.fileSystemControl]))
        let file = try memory.file()
        for operation in [BypassIOOperation.enable, .query] {
            let results = try #require(try file.bypassIO(operation).results)
            #expect(results.status == .notSupportedWithAuditing)
            #expect(results.driverName.string == "forgetful")
        }
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
        #expect(below.take().isEmpty && posts.value == 0)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.traditional: 1])
        // A question to every layer includes the veto.
        let answers = try file.explainBypassIO()
        #expect(answers.first?.veto?.status == .notSupportedWithAuditing)
    }

    @Test("a veto with wrong arguments fails the request instead of letting it pass")
    func wrongArguments() throws {
        try attachForgetful(.successNoCallback, reason: "")
        let file = try memory.file()
        #expect(failure { try file.bypassIO(.enable) } == .invalidParameter4)
        #expect(failure { try file.bypassIO(.query) } == .invalidParameter4)
        #expect(!file.isBypassEnabled)
        // The callback still decides on controls that cannot be vetoed.
        #expect(try file.bypassIO(.disable).operation == .disable)
    }

    @Test("a veto of a kept request stands whatever it is completed with")
    func pended() throws {
        let kept = Box<Kept?>(nil)
        try memory.attach(
            filter(
                "keeper", at: "200",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, instance in
                        data.vetoBypassIO(instance, status: .notSupported, reason: "No.")
                        kept.value = Kept(data, instance)
                        return .pending
                    })))
        let file = try memory.file()
        let request = OwnThread { try file.bypassIO(.enable).results }
        #expect(eventually { kept.value != nil })
        kept.value?.completePendedPreOperation(.successNoCallback)
        #expect(try request.result()?.status == .notSupported)
        #expect(!file.isBypassEnabled)
    }

    @Test("a driver that refuses with a status that is no error refuses all the same")
    func refusalWithSuccess() throws {
        memory.disk.veto = StorageVeto(.success, reason: "No.")
        let file = try memory.file()
        #expect(try file.query().status == .notSupported)
        #expect(try file.explainBypassIO().last?.veto?.status == .notSupported)
    }
}
