import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@Suite("What filters see and change")
struct MajorFunctionTests {
    let memory = MemoryVolume()
    let trace = Trace()

    @Test("every major function passes the filters, on its way down and up")
    func everyMajorFunction() throws {
        let trace = self.trace
        let rows = MajorFunction.allCases.map { major in
            OperationRegistration(
                major,
                preOperation: { data, _ in
                    trace.note("\(data.majorFunction)>")
                    return .successWithCallback(.none)
                },
                postOperation: { data, _, _ in
                    trace.note("\(data.majorFunction)<")
                    return .finishedProcessing
                })
        }
        try memory.attach(
            FilterRegistration(
                name: "all", altitude: altitude("1"), supportedFeatures: .bypassIO,
                operations: rows))
        let root = try memory.volume.open("")
        let file = try memory.volume.open("f", access: [.read, .write], disposition: .create)
        try file.write([1, 2, 3], at: 0)
        _ = try file.read(at: 0, length: 3)
        _ = try file.information()
        try file.apply(.permissions(0o600))
        _ = try root.entries(after: 0, limit: 10)
        try file.flush()
        try file.setAttribute("user.a", to: [1])
        _ = try file.attribute("user.a")
        try file.lock(FileLock(.shared, .wholeFile, .tryLock))
        _ = try file.volumeInformation()
        _ = try file.bypassIO(.getInfo)
        file.close()
        let order: [MajorFunction] = [
            .create, .create, .write, .read, .queryInformation, .setInformation,
            .directoryControl, .flushBuffers, .setEA, .queryEA, .lockControl,
            .queryVolumeInformation, .fileSystemControl, .cleanup, .close,
        ]
        #expect(trace.notes == order.flatMap { ["\($0)>", "\($0)<"] })
        #expect(Set(order) == Set(MajorFunction.allCases))
        root.close()
    }

    @Test("a create can be sent elsewhere, refused, and undone from a post callback")
    func create() throws {
        let refuse = Box(false)
        try memory.attach(
            filter(
                "redirect", at: "100",
                OperationRegistration(
                    .create,
                    preOperation: { data, _ in
                        guard case .create(var parameters) = data.parameters else {
                            return .successNoCallback
                        }
                        if parameters.path == "secret" {
                            data.fail(.accessDenied)
                            return .complete
                        }
                        if parameters.path == "alias" { parameters.path = "data" }
                        data.parameters = .create(parameters)
                        return .successWithCallback(.none)
                    },
                    postOperation: { data, _, _ in
                        if refuse.value { data.fail(.virusInfected) }
                        return .finishedProcessing
                    })))
        let file = try memory.file("data", [9, 8, 7])
        let alias = try memory.volume.open("alias")
        #expect(alias.stream === file.stream)
        #expect(try alias.read(at: 0, length: 3) == [9, 8, 7])
        #expect(
            failure { try memory.volume.open("secret") } == .accessDenied)
        alias.close()
        let before = memory.fileSystem.requestCounts
        refuse.value = true
        #expect(
            failure { try memory.volume.open("data") } == .virusInfected)
        let after = memory.fileSystem.requestCounts
        #expect(after.cleanups == before.cleanups + 1 && after.closes == before.closes + 1)
        file.close()
        #expect(memory.disk.openHandles == 0)
    }

    @Test("parameters change on the way down, results and statuses on the way up")
    func changes() throws {
        try memory.attach(
            filter(
                "changer", at: "100",
                OperationRegistration(
                    .read,
                    preOperation: { data, _ in
                        if case .read(let offset, let length) = data.parameters {
                            data.parameters = .read(offset: offset + 1, length: length - 1)
                        }
                        return .successWithCallback(.none)
                    },
                    postOperation: { data, _, _ in
                        data.buffer?.withMutableBytes(data.ioStatus.information) { span in
                            for index in span.indices { span[index] ^= 0xFF }
                        }
                        return .finishedProcessing
                    }),
                OperationRegistration(
                    .queryInformation,
                    postOperation: { data, _, _ in
                        if case .information(var information) = data.result {
                            information.size = 42
                            data.result = .information(information)
                        }
                        return .finishedProcessing
                    }),
                OperationRegistration(
                    .queryEA,
                    postOperation: { data, _, _ in
                        if data.ioStatus.failure != nil {
                            data.ioStatus = .success
                            data.result = .bytes([1])
                        }
                        return .finishedProcessing
                    }),
                OperationRegistration(
                    .setInformation,
                    preOperation: { data, _ in
                        if case .setInformation(.permissions) = data.parameters {
                            data.parameters = .setInformation(.permissions(0o400))
                        }
                        return .successNoCallback
                    })))
        let file = try memory.file("data", [0, 1, 2, 3, 4])
        #expect(try file.read(at: 1, length: 3) == [2 ^ 0xFF, 3 ^ 0xFF])
        #expect(try file.information().size == 42)
        #expect(try file.attribute("user.none") == [1])
        try file.apply(.permissions(0o777))
        #expect(try file.information().permissions == 0o400)
    }

    @Test("a filter that makes a read longer than its buffer gets the read refused")
    func tooLong() throws {
        try memory.attach(
            filter(
                "greedy", at: "100",
                OperationRegistration(
                    .read,
                    preOperation: { data, _ in
                        data.parameters = .read(offset: 0, length: 1 << 20)
                        return .successNoCallback
                    })))
        let file = try memory.file()
        #expect(
            failure { try file.read(at: 0, length: 8) }
                == .invalidParameter)
    }

    @Test("spec 5: SKIP_CACHED_IO and SKIP_NON_CACHED_NON_PAGING_IO leave handles out")
    func skipFlags() throws {
        let trace = self.trace
        func counting(
            _ name: String, _ place: String, _ flags: OperationRegistration.Flags
        ) -> FilterRegistration {
            let pre: PreOperationCallback = { data, _ in
                trace.note("\(name) \(data.majorFunction)")
                return .successNoCallback
            }
            return filter(
                name, at: place, OperationRegistration(.read, flags: flags, preOperation: pre),
                OperationRegistration(.write, flags: flags, preOperation: pre),
                OperationRegistration(.flushBuffers, flags: flags, preOperation: pre))
        }
        try memory.attach(counting("noCached", "300", .skipCachedIO))
        try memory.attach(counting("noNonCached", "200", .skipNonCachedNonPagingIO))
        try memory.attach(counting("volumeOnly", "100", .skipNonDASDIO))
        let cached = try memory.volume.open("f", access: [.read, .write], disposition: .create)
        try cached.write([1, 2, 3, 4], at: 0)
        _ = try cached.read(at: 0, length: 4)
        #expect(trace.take() == ["noNonCached write", "noNonCached read"])
        let nonCached = try memory.volume.open(
            "f", access: [.read, .write], options: .nonCached)
        _ = try nonCached.read(at: 0, length: 4)
        try nonCached.write([1], at: 0)
        #expect(trace.take() == ["noCached read", "noCached write"])
        // The flags of a data transfer do not apply to a flush.
        try nonCached.flush()
        #expect(trace.take() == ["noCached flushBuffers", "noNonCached flushBuffers"])
        let root = try memory.volume.open("")
        try root.flush()
        #expect(
            trace.take() == [
                "noCached flushBuffers", "noNonCached flushBuffers", "volumeOnly flushBuffers",
            ])
    }

    @Test("a request sees the filters that were attached when it began")
    func snapshot() throws {
        let trace = self.trace
        let memory = self.memory
        let lower = try memory.manager.filterManager.register(
            tracer("late", at: "50", trace, [.flushBuffers]))
        try memory.attach(
            filter(
                "attacher", at: "100",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { _, _ in
                        if memory.volume.instances.count == 1 {
                            _ = try? memory.manager.filterManager.attach(lower, to: memory.volume)
                        }
                        return .successNoCallback
                    })))
        let file = try memory.file()
        try file.flush()
        #expect(trace.take().isEmpty)
        try file.flush()
        #expect(trace.take() == ["late>", "late<"])
    }
}
