import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("Opting in, spec 4.3 and 6.10")
struct OptInTests {
    let memory = MemoryVolume()
    private static let pass: PreOperationCallback = { _, _ in .successNoCallback }
    private static let done: PostOperationCallback = { _, _, _ in .finishedProcessing }

    private func legacy(
        _ name: String, _ features: FilterRegistration.Features = [],
        _ rows: [OperationRegistration] = [OperationRegistration(.read, preOperation: pass)]
    ) -> FilterRegistration {
        FilterRegistration(
            name: name, altitude: altitude("100"), supportedFeatures: features, operations: rows)
    }

    @Test("spec 6.10: whoever registers reads or writes in any form has to opt in")
    func rule() throws {
        let filters = memory.manager.filterManager
        let cases: [([OperationRegistration], Bool)] = [
            ([], true),
            ([OperationRegistration(.fileSystemControl, preOperation: Self.pass)], true),
            ([OperationRegistration(.read, preOperation: Self.pass)], false),
            ([OperationRegistration(.read, postOperation: Self.done)], false),
            ([OperationRegistration(.write, preOperation: Self.pass)], false),
            ([OperationRegistration(.write, postOperation: Self.done)], false),
            (
                [
                    OperationRegistration(
                        .read, flags: .skipNonCachedNonPagingIO, preOperation: Self.pass)
                ], false
            ),
        ]
        for (number, (rows, counts)) in cases.enumerated() {
            let plain = try filters.register(legacy("plain\(number)", [], rows))
            #expect(plain.isOptedIn == counts)
            #expect(plain.features == (counts ? .bypassIO : []))
            let willing = try filters.register(
                legacy("willing\(number)", [.bypassIO, .queryOpen], rows))
            #expect(willing.isOptedIn)
            #expect(willing.features.rawValue == 0xC)
        }
        let offload = try filters.register(legacy("offload", [.offloadRead, .offloadWrite]))
        #expect(!offload.isOptedIn && offload.features.rawValue == 3)
    }

    @Test(
        "spec 3.1: ENABLE and QUERY answer 506 with the filter's name and the known reason",
        arguments: [BypassIOOperation.enable, .query])
    func standingVeto(operation: BypassIOOperation) throws {
        try memory.attach(legacy("wof.sys"))
        let file = try memory.file()
        let (block, output) = file.send(try operation.input(), outputLength: 352)
        #expect(block == IOStatusBlock(.success, information: 352))
        let results = try #require(try FSBypassIOOutput(decoding: output.span).results)
        #expect(results.status == .bypassIOFilterNotSupported)
        #expect(results.status.rawValue == 0xC000_04D2)
        #expect(results.driverName.string == "wof.sys")
        #expect(
            results.failureReason.string
                == "The specified minifilter does not support bypass IO.")
        #expect(!file.isBypassEnabled)
    }

    @Test("spec 6.10: flags on the row for controls do not hide that the filter did not opt in")
    func skipFlagsDoNotHide() throws {
        let calls = Box(0)
        try memory.attach(
            legacy(
                "hiding", [],
                [
                    OperationRegistration(.read, preOperation: Self.pass),
                    OperationRegistration(
                        .fileSystemControl, flags: .skipNonDASDIO,
                        preOperation: { _, _ in
                            calls.value += 1
                            return .successNoCallback
                        }),
                ]))
        let file = try memory.file()
        #expect(try file.query().status == .bypassIOFilterNotSupported)
        _ = try file.bypassIO(.disable)
        #expect(calls.value == 0)
    }

    @Test("spec 4.3: a filter that did not opt in does not stop DISABLE, pauses and GET_INFO")
    func otherOperations() throws {
        let file = try memory.enabledFile()
        try memory.attach(legacy("old"))
        for operation in BypassIOOperation.all where operation != .enable && operation != .query {
            let block = file.send(try operation.input(), outputLength: 352).block
            #expect(block.status == .success, "\(operation)")
        }
        #expect(!file.isBypassEnabled)
    }

    @Test("spec 4.3: attaching one stops all bypass at once and waits; detaching lets it resume")
    func attachBlocks() throws {
        let memory = self.memory
        let file = try memory.enabledFile()
        memory.disk.holdReads()
        let read = OwnThread { try file.read(at: 0, length: 512) }
        #expect(memory.disk.waitForHeldReads(1))
        let old = try memory.manager.filterManager.register(legacy("old"))
        let attach = OwnThread { try memory.manager.filterManager.attach(old, to: memory.volume) }
        #expect(eventually { memory.volume.isFilterAttachBlocked })
        #expect(attach.isStillRunning())
        memory.disk.stopHoldingReads()
        let instance = try attach.result()
        #expect(try read.result().count == 512)
        #expect(memory.volume.bypassedReadsInFlight == (0, 0))
        #expect(file.routes == [.fullBypass: 1])

        _ = try file.read(at: 0, length: 512)
        // All bypass has stopped, also past the volume drivers.
        #expect(file.routes == [.fullBypass: 1, .traditional: 1])
        #expect(file.causes == [.filterAttachBlocked: 1])
        #expect(instance.callbacksRun.pre == 1)
        let flags = try file.bypassIO(.getInfo).flags
        #expect(flags == [.filterAttachBlocked, .compatibleStorageDriver])
        #expect(memory.volume.activeBypassCount == 1)

        try memory.manager.filterManager.detach(instance)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.fullBypass: 2, .traditional: 1])
        #expect(try file.bypassIO(.getInfo).flags == .compatibleStorageDriver)
        #expect(try file.query().status == .success)
    }

    @Test("spec 4.3: bypass resumes with the last filter that blocked it")
    func severalBlockers() throws {
        let file = try memory.enabledFile()
        let filters = memory.manager.filterManager
        let first = try memory.attach(legacy("first"))
        var registration = legacy("second")
        registration.altitude = altitude("200")
        let second = try memory.attach(registration)
        try filters.detach(first)
        _ = try file.read(at: 0, length: 512)
        #expect(file.causes == [.filterAttachBlocked: 1])
        #expect(try file.query().driverName.string == "second")
        try filters.detach(second)
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.traditional: 1, .fullBypass: 1])
    }

    @Test(
        "spec 6.6: FILTER_ATTACH_BLOCKED tells that such a filter is attached, bypass in use or not"
    )
    func flagWithoutBypass() throws {
        let instance = try memory.attach(legacy("old"))
        let file = try memory.file()
        let told: BypassIOOutputFlags = [.filterAttachBlocked, .compatibleStorageDriver]
        for operation in [BypassIOOperation.query, .enable, .getInfo] {
            #expect(try file.bypassIO(operation).flags == told, "\(operation)")
        }
        #expect(try file.bypassIO(.disable).flags == .filterAttachBlocked)
        try memory.manager.filterManager.detach(instance)
        #expect(try file.bypassIO(.query).flags == .compatibleStorageDriver)
    }

    @Test("a filter that opted in may come and go while reads are bypassed")
    func willingFilter() throws {
        let file = try memory.enabledFile()
        let instance = try memory.attach(legacy("new", .bypassIO))
        _ = try file.read(at: 0, length: 512)
        #expect(file.routes == [.fullBypass: 1] && instance.callbacksRun.pre == 0)
        try memory.manager.filterManager.detach(instance)
    }

    @Test("spec 6.10: a legacy filter never counts as opted in")
    func legacyFilter() throws {
        var registration = legacy("old", [.bypassIO, .queryOpen, .offloadRead], [])
        registration.isLegacy = true
        let file = try memory.enabledFile()
        let instance = try memory.attach(registration)
        #expect(!instance.filter.isOptedIn)
        #expect(instance.filter.features == .offloadRead)
        #expect(memory.volume.isFilterAttachBlocked)
        let results = try file.bypassIO(.query).results
        #expect(results?.status == .bypassIOFilterNotSupported)
        #expect(results?.driverName == "old")
    }
}
