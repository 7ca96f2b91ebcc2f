import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// Spec 5: only the filters below an instance see the requests that it sends.
@Suite struct OwnIOTests {
    let memory = MemoryVolume()
    private static let majors = MajorFunction.allCases

    /// A filter with a tracer above it and a tracer below it that note every request.
    private func attach(_ above: Trace, _ below: Trace) throws -> FilterInstance {
        try memory.attach(tracer("above", at: "300", above, Self.majors))
        try memory.attach(tracer("below", at: "100", below, Self.majors))
        return try memory.attach(filter("mine", at: "200"))
    }

    @Test("a file of the filter's own is never heard of above, its close included")
    func ownFile() throws {
        let (above, below) = (Trace(), Trace())
        let mine = try attach(above, below)
        let file = try mine.open(
            CreateParameters(
                path: "own", access: [.read, .write], disposition: .create, options: .nonCached))
        let buffer = try memory.volume.makeBuffer(capacity: 512)
        buffer.withMutableBytes(3) { bytes in
            bytes.update(repeating: 7)
        }
        #expect(try mine.write(file, at: 0, length: 3, from: buffer) == 3)
        #expect(try mine.read(file, at: 1, length: 512, into: buffer) == 2)
        #expect(try mine.information(of: file).size == 3)
        try mine.apply(.endOfFile(1), to: file)
        try mine.flush(file)
        guard case .information(let status) = try mine.query(.status, of: file) else {
            Issue.record("no information")
            return
        }
        #expect(status.size == 1)
        // A request about that file object enters below the instance, whoever sends it.
        #expect(try file.read(at: 0, length: 512) == [7])
        #expect(try file.bypassIO(.enable).results?.status == .success)
        #expect(try file.read(at: 0, length: 512).count == 1)
        file.close()
        #expect(above.take().isEmpty)
        let seen = below.take().filter { $0 == "below>" }
        // All requests but the read after the ENABLE, which skips the filters.
        #expect(seen.count == 11)
        #expect(memory.volume.activeBypassCount == 0)
        #expect(failure { try mine.flush(file) } == .fileClosed)
    }

    @Test("a file of somebody else's is written, changed and flushed below the filter")
    func othersFile() throws {
        let (above, below) = (Trace(), Trace())
        let mine = try attach(above, below)
        let file = try memory.volume.open(
            "data", access: [.read, .write], disposition: .create)
        _ = (above.take(), below.take())
        let buffer = try memory.volume.makeBuffer(capacity: 4)
        #expect(try mine.write(file, at: 0, length: 4, from: buffer) == 4)
        try mine.apply(.permissions(0o600), to: file)
        try mine.flush(file, dataOnly: true)
        #expect(try mine.information(of: file).permissions == 0o600)
        #expect(above.take().isEmpty)
        #expect(below.take().count == 8)
        file.close()
        #expect(above.take().count == 4 && below.take().count == 4)
    }

    @Test("a failed open of the filter's own is undone below it")
    func failedOpen() throws {
        let (above, below) = (Trace(), Trace())
        let mine = try attach(above, below)
        try memory.attach(
            filter(
                "strict", at: "150",
                OperationRegistration(
                    .create,
                    postOperation: { data, _, _ in
                        data.fail(.accessDenied)
                        return .finishedProcessing
                    })))
        let parameters = CreateParameters(path: "own", access: .write, disposition: .create)
        #expect(failure { try mine.open(parameters) } == .accessDenied)
        #expect(above.take().isEmpty)
        // Create, cleanup and close.
        #expect(below.take().count == 6)
    }

    @Test("a detached filter and a file of another volume are refused")
    func refusals() throws {
        let mine = try memory.attach(filter("mine", at: "200"))
        let elsewhere = MemoryVolume()
        let file = try memory.file()
        let foreign = try elsewhere.file()
        let buffer = try memory.volume.makeBuffer(capacity: 512)
        let parameters = CreateParameters(path: "own", disposition: .openIf)
        #expect(failure { try mine.flush(foreign) } == .invalidParameter)
        #expect(
            failure { try mine.write(file, at: 0, length: 513, from: buffer) } == .invalidParameter)
        try memory.manager.filterManager.detach(mine)
        #expect(failure { try mine.open(parameters) } == .fltDeletingObject)
        #expect(
            failure { try mine.write(file, at: 0, length: 1, from: buffer) } == .fltDeletingObject)
        #expect(failure { try mine.apply(.endOfFile(0), to: file) } == .fltDeletingObject)
        #expect(failure { try mine.information(of: file) } == .fltDeletingObject)
    }
}
