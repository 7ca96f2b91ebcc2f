import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Testing

@Suite("A filter cannot keep a file open by completing its cleanup and its close")
struct CompletedCloseTests {
    @Test("both reach the layers below, and the file system", arguments: [false, true])
    func completed(fails: Bool) throws {
        let memory = MemoryVolume()
        let trace = Trace()
        let rows = [MajorFunction.cleanup, .close].map { major in
            OperationRegistration(
                major,
                preOperation: { data, _ in
                    if fails { data.fail(.accessDenied) }
                    return .complete
                })
        }
        try memory.attach(
            FilterRegistration(
                name: "completer", altitude: altitude("300"), supportedFeatures: .bypassIO,
                operations: rows))
        try memory.attach(tracer("below", at: "100", trace, [.cleanup, .close]))
        let file = try memory.file()
        _ = trace.take()
        let before = memory.fileSystem.requestCounts
        file.close()
        let after = memory.fileSystem.requestCounts
        #expect(after.cleanups == before.cleanups + 1 && after.closes == before.closes + 1)
        #expect(trace.take() == ["below>", "below<", "below>", "below<"])
    }
}
