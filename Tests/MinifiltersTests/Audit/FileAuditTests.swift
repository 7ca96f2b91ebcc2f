import BypassIOProtocol
import IOStack
import Locks
import MemoryFileSystem
import SystemPackage
import Testing

@testable import Minifilters

/// The filter `audit`, on a volume in memory.
@Suite("Audit of files")
struct FileAuditTests {
    private let memory = MemoryVolume()
    private let told = Monitor<[AuditedOperation]>([])
    private let ends = Monitor(0)

    private func audit(
        eachRead: Bool = false, _ scope: FileAudit.Scope = FileAudit.Scope()
    ) -> FileAudit {
        let (told, ends) = (told, ends)
        return FileAudit(
            seesEachRead: eachRead, scope,
            FileAudit.Surroundings(
                actor: {
                    AuditedActor(process: $0, start: UInt64($0) * 10, program: "p\($0)", session: 7)
                },
                report: { operation in told.withLock { $0.append(operation) } },
                ended: { ends.withLock { $0 += 1 } }))
    }

    private let ann = Requestor.user(1000, group: 100, process: 42)

    private func noncached() throws -> FileObject {
        try memory.make("data", [UInt8](repeating: 7, count: 4096))
        return try memory.volume.open("data", options: .nonCached, requestor: ann)
    }

    private var words: [String] {
        told.withLock { told in
            told.map { one in
                [one.kind.rawValue, one.path, one.newPath, one.access].compactMap(\.self)
                    .joined(separator: " ")
                    + (one.status.isError ? " \(one.status.name ?? "?")" : "")
            }
        }
    }

    @Test("a handle's open and close, with what was read and written by it, and by whom")
    func handle() throws {
        try memory.attach(audit().registration)
        try memory.make("data", [UInt8](0..<100))
        #expect(words.isEmpty, "the stack's own requests are nobody's")
        var parameters = CreateParameters(path: "data", access: [.read, .write])
        parameters.options = .nonCached
        let file = try memory.volume.open(parameters, requestor: ann)
        _ = try file.read(at: 0, length: 10)
        _ = try file.read(at: 50, length: 10)
        let bytes = try memory.volume.makeBuffer(capacity: 3)
        _ = try file.write(at: 5, length: 3, from: bytes, requestor: ann)
        file.close()
        #expect(words == ["open data rw", "close data"])
        let close = try #require(told.withLock { $0.last })
        #expect(close.user == 1000 && close.group == 100)
        #expect(close.actor.process == 42 && close.actor.program == "p42")
        #expect(close.file == file.stream.id)
        let totals = try #require(close.totals)
        #expect(totals.traditional == 2 && totals.bypassed == 0 && !totals.isReadByKernel)
        #expect(totals.writes == 1 && totals.bytesWritten == 3)
    }

    @Test("spec 4.1: bypassed reads are in the totals, and no single one is told")
    func bypassed() throws {
        try memory.attach(audit().registration)
        let file = try noncached()
        #expect(try file.bypassIO(.enable).results?.status == .success)
        for _ in 0..<3 { _ = try file.read(at: 0, length: 512) }
        file.close()
        let close = try #require(told.withLock { $0.last { $0.kind == .close } })
        #expect(close.totals?.bypassed == 3 && close.totals?.traditional == 0)
        #expect(words.count == 2, "\(words)")
    }

    @Test("with each read the filter refuses bypass, and tells each read and its failure")
    func eachRead() throws {
        try memory.attach(audit(eachRead: true).registration)
        let file = try noncached()
        let results = try #require(try file.bypassIO(.enable).results)
        #expect(results.status == .notSupportedWithAuditing)
        #expect(results.driverName.string == "audit")
        _ = try file.read(at: 512, length: 512)
        memory.disk.readErrno = 5
        #expect(throws: IOFailure.self) { try file.read(at: 0, length: 512) }
        let reads = told.withLock { $0.filter { $0.kind == .read } }
        #expect(reads.map(\.offset) == [512, 0] && reads.map(\.length) == [512, 0])
        #expect(reads[0].status.isSuccess && reads[1].status.isError)
        file.close()
    }

    @Test("changes of names are told with both names; what fails, with why")
    func names() throws {
        try memory.attach(audit().registration)
        let root = try memory.volume.open(FilePath(""), requestor: ann)
        try memory.make("a", [1])
        try root.apply(
            .rename(from: "a", to: "b", in: root, []), requestor: ann)
        #expect(throws: IOFailure.self) {
            try root.apply(.rename(from: "none", to: "c", in: root, []), requestor: ann)
        }
        try root.apply(.unlink("b", directory: false), requestor: ann)
        let changes = words.filter { $0.hasPrefix("re") }
        #expect(changes.count == 3 && changes[0] == "rename a b", "\(changes)")
        #expect(changes[1].hasPrefix("rename none c STATUS_"), "\(changes)")
        #expect(changes[2] == "remove b")
        root.close()
    }

    @Test("what a filter below refuses is told; what is not there is not")
    func refused() throws {
        try memory.attach(audit().registration)
        let profile = try PolicyProfile("deny secret\n", name: "rules")
        try memory.attach(PolicyFilter([profile]).registration)
        try memory.make("secret", [1])
        #expect(throws: IOFailure.self) { try memory.volume.open("secret", requestor: ann) }
        #expect(throws: IOFailure.self) { try memory.volume.open("none", requestor: ann) }
        #expect(words == ["open secret r STATUS_ACCESS_DENIED"])
    }

    @Test("patterns choose files; a rename is told if either name is meant")
    func scope() throws {
        let patterns = ["*.key", "never.key"].compactMap { PathPattern($0) }
        try memory.attach(
            audit(FileAudit.Scope(included: [patterns[0]], excluded: [patterns[1]])).registration)
        for name in ["a.key", "b", "never.key"] {
            try memory.make(FilePath(name), [1])
            try memory.volume.open(FilePath(name), requestor: ann).close()
        }
        #expect(words == ["open a.key r", "close a.key"])
        let root = try memory.volume.open(FilePath(""), requestor: ann)
        try root.apply(.rename(from: "b", to: "b.key", in: root, []), requestor: ann)
        #expect(words.last == "rename b b.key")
        root.close()
    }

    @Test("a detach says that nothing comes any more, and forgets handles that are open")
    func detached() throws {
        let instance = try memory.attach(audit().registration)
        try memory.make("data", [1])
        let file = try memory.volume.open("data", requestor: ann)
        try memory.manager.filterManager.detach(instance)
        #expect(ends.withLock { $0 } == 1)
        file.close()
        #expect(words == ["open data r"])
    }
}
