import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Testing

/// Spec 5: no request ends with STATUS_PENDING or STATUS_FLT_DISALLOW_FAST_IO.
@Suite struct UnfinishedStatusTests {
    let memory = MemoryVolume()
    private static let statuses: [NTStatus] = [.pending, .fltDisallowFastIO]

    @Test("a completion with such a status fails the request", arguments: statuses)
    func preOperation(status: NTStatus) throws {
        let seen = Box<[NTStatus]>([])
        try memory.attach(
            filter(
                "above", at: "300",
                OperationRegistration(
                    .flushBuffers,
                    postOperation: { data, _, _ in
                        seen.value += [data.ioStatus.status]
                        return .finishedProcessing
                    })))
        let complete: PreOperationCallback = { data, _ in
            data.ioStatus = IOStatusBlock(status)
            return .complete
        }
        try memory.attach(
            filter(
                "unfinished", at: "200",
                OperationRegistration(.flushBuffers, preOperation: complete),
                OperationRegistration(.fileSystemControl, preOperation: complete)))
        let file = try memory.file()
        #expect(failure { try file.flush() } == .invalidParameter)
        #expect(seen.value == [.invalidParameter])
        #expect(failure { try file.bypassIO(.enable) } == .invalidParameter)
        #expect(try file.explainBypassIO().map { $0.veto?.status }.contains(.invalidParameter))
    }

    @Test("a request that was kept is not completed so either", arguments: statuses)
    func pended(status: NTStatus) throws {
        try memory.attach(
            filter(
                "keeper", at: "200",
                OperationRegistration(
                    .flushBuffers,
                    preOperation: { data, instance in
                        data.ioStatus = IOStatusBlock(status)
                        data.completePendedPreOperation(instance, .complete)
                        return .pending
                    })))
        let file = try memory.file()
        #expect(failure { try file.flush() } == .invalidParameter)
    }

    @Test("a post callback's status of that kind does not reach the caller", arguments: statuses)
    func postOperation(status: NTStatus) throws {
        let post: PostOperationCallback = { data, _, _ in
            data.ioStatus = IOStatusBlock(status)
            return .finishedProcessing
        }
        try memory.attach(
            filter(
                "late", at: "200", OperationRegistration(.flushBuffers, postOperation: post),
                OperationRegistration(.fileSystemControl, postOperation: post),
                OperationRegistration(.read, postOperation: post)))
        let file = try memory.file()
        #expect(failure { try file.flush() } == .invalidParameter)
        #expect(failure { try file.read(at: 0, length: 512) } == .invalidParameter)
        #expect(failure { try file.bypassIO(.enable) } == .invalidParameter)
        #expect(!file.isBypassEnabled && memory.volume.activeBypassCount == 0)
    }
}
