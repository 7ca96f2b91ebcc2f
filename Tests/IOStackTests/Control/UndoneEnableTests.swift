import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Testing

/// Spec 4.3: an ENABLE that a post callback fails leaves bypass off.
@Suite struct UndoneEnableTests {
    let memory = MemoryVolume()

    /// A filter that notes the operations that pass it.
    private func observer(
        _ name: String, at place: String, _ seen: Box<[BypassIOOperation]>
    ) -> FilterRegistration {
        filter(
            name, at: place,
            OperationRegistration(
                .fileSystemControl,
                preOperation: { data, _ in
                    if let input = data.bypassIOInput { seen.value += [input.operation] }
                    return .successNoCallback
                }))
    }

    /// A filter that lets ENABLE pass and fails it on the way up.
    private func spoiler(
        _ place: String = "200", _ spoil: @escaping @Sendable (CallbackData) -> Void
    ) -> FilterRegistration {
        filter(
            "spoiler", at: place,
            OperationRegistration(
                .fileSystemControl,
                postOperation: { data, _, _ in
                    if data.bypassIOInput?.operation == .enable { spoil(data) }
                    return .finishedProcessing
                }))
    }

    @Test("a failed ENABLE is undone below the filter that failed it, counts and storage included")
    func failed() throws {
        let (above, below) = (Box<[BypassIOOperation]>([]), Box<[BypassIOOperation]>([]))
        try memory.attach(observer("above", at: "300", above))
        try memory.attach(spoiler { $0.fail(.accessDenied) })
        try memory.attach(observer("below", at: "100", below))
        let file = try memory.file()
        #expect(failure { try file.bypassIO(.enable) } == .accessDenied)
        #expect(!file.isBypassEnabled)
        #expect(memory.volume.activeBypassCount == 0 && file.stream.bypassOpenCount == 0)
        #expect(memory.disk.controls == [.enable, .disable])
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.traditional: 1])
        #expect(above.value == [.enable] && below.value == [.enable, .disable])
    }

    @Test("a verdict that a post callback turned into a refusal is one")
    func refused() throws {
        try memory.attach(
            spoiler { data in
                let results = BypassIOResults(
                    status: .notSupportedWithAuditing,
                    driverName: DriverName(truncating: "spoiler"),
                    failureReason: FailureReason(truncating: "Audited."))
                let output = FSBypassIOOutput(operation: .enable, body: .results(results))
                data.result = .bytes((try? output.encodedBytes()) ?? [])
            })
        let file = try memory.file()
        #expect(try file.bypassIO(.enable).results?.status == .notSupportedWithAuditing)
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
    }

    @Test("a second ENABLE that fails leaves the bypass that was there")
    func secondEnable() throws {
        let spoils = Box(false)
        try memory.attach(spoiler { if spoils.value { $0.fail(.accessDenied) } })
        let file = try memory.enabledFile()
        spoils.value = true
        #expect(failure { try file.bypassIO(.enable) } == .accessDenied)
        #expect(file.isBypassEnabled && memory.volume.activeBypassCount == 1)
    }

    @Test("a filter below that keeps the DISABLE to itself keeps no bypass alive")
    func swallowedDisable() throws {
        try memory.attach(spoiler { $0.fail(.accessDenied) })
        try memory.attach(
            filter(
                "greedy", at: "100",
                OperationRegistration(
                    .fileSystemControl,
                    preOperation: { data, _ in
                        guard data.bypassIOInput?.operation == .disable else {
                            return .successNoCallback
                        }
                        data.fail(.notSupported)
                        return .complete
                    })))
        let file = try memory.file()
        #expect(failure { try file.bypassIO(.enable) } == .accessDenied)
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
    }

    @Test("the failed ENABLE returns when no read is past the filters any more")
    func drains() throws {
        let memory = self.memory
        memory.disk.holdReads()
        let box = Box<OwnThread<[UInt8]>?>(nil)
        try memory.attach(
            spoiler { data in
                guard let file = data.fileObject else { return }
                box.value = OwnThread { try file.read(at: 0, length: 512) }
                _ = memory.disk.waitForHeldReads(1)
                data.fail(.accessDenied)
            })
        let file = try memory.file()
        let enable = OwnThread { failure { try file.bypassIO(.enable) } }
        #expect(memory.disk.waitForHeldReads(1))
        #expect(eventually { !file.isBypassEnabled })
        #expect(enable.isStillRunning())
        memory.disk.stopHoldingReads()
        #expect(try enable.result() == .accessDenied)
        #expect(file.stream.bypassedReadsInFlight == 0)
        #expect(try box.value?.result().count == 512)
    }
}
