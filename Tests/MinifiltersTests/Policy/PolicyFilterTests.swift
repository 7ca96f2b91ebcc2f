import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import TestSupport
import Testing

@testable import Minifilters

@Suite struct PolicyFilterTests {
    private let memory = MemoryVolume()
    private let user = Requestor.user(1000, group: 1000, process: 7)

    private func attach(
        _ text: String, _ surroundings: PolicyFilter.Surroundings = PolicyFilter.Surroundings()
    ) throws -> PolicyFilter {
        for name in [".env", "plain", "notes.txt"] { try memory.make(FilePath(name), [1, 2, 3]) }
        let policy = PolicyFilter(
            [try PolicyProfile(text, name: "test")], surroundings)
        try memory.attach(policy)
        return policy
    }

    private func open(
        _ path: FilePath, _ access: CreateParameters.Access = .read
    ) throws(IOFailure) -> FileObject {
        try memory.volume.open(path, access: access, options: .nonCached, requestor: user)
    }

    private func root() throws -> FileObject {
        try memory.volume.open("", access: [], options: .attributesOnly, requestor: user)
    }

    private func expectFailure(
        _ status: NTStatus, at place: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        let failure = #expect(
            throws: IOFailure.self, sourceLocation: place, performing: body)
        #expect(failure?.status == status, sourceLocation: place)
    }

    @Test("the first rule that is for the operation and the user decides, and the stack's own pass")
    func firstMatch() throws {
        let policy = try attach(
            """
            allow .env on=read user=1000
            deny .env
            read-only *.txt
            """)
        try open(".env").close()
        expectFailure(.accessDenied) { _ = try open(".env", [.read, .write]) }
        try open("notes.txt").close()
        expectFailure(.accessDenied) { _ = try open("notes.txt", .write) }
        expectFailure(.accessDenied) {
            _ = try memory.volume.open(".env", requestor: .user(2000))
        }
        try memory.volume.open(".env", access: [.read, .write]).close()
        #expect(policy.counts.denied == 3)
    }

    @Test("an open that is allowed asks the file system nothing, unless the file has further names")
    func asksNothing() throws {
        let policy = try attach("deny .env\nread-only *.txt")
        let below = QuestionCounter()
        try memory.attach(below)
        try open("plain").close()
        try open("notes.txt").close()
        #expect(below.counts.withLock { $0 } == [.create: 2])
        let root = try root()
        defer { root.close() }
        try memory.make("other", [1])
        let file = try open("other")
        try file.apply(.link("second", in: root), requestor: user)
        file.close()
        try open("second").close()
        #expect(below.counts.withLock { $0[.queryInformation] ?? 0 } > 0)
        #expect(policy.counts.denied == 0)
    }

    @Test("a link and a rename do not get around a rule, nor does a directory moved into its place")
    func names() throws {
        _ = try attach("deny on=read .env\ndeny .git/hooks/**")
        let root = try root()
        defer { root.close() }
        let env = try memory.volume.open(".env", access: [], options: .attributesOnly)
        try env.apply(.link("hard", in: root), requestor: user)
        env.close()
        expectFailure(.accessDenied) { _ = try open("hard") }
        try root.apply(.rename(from: ".env", to: "other", in: root, []), requestor: user)
        expectFailure(.accessDenied) { _ = try open("other") }
        try root.apply(.unlink("other", directory: false), requestor: user)
        try memory.make("other", [9])
        try open("other").close()
        expectFailure(.accessDenied) { _ = try open("hard") }
        try memory.volume.open(
            CreateParameters(
                path: "evil", access: [], disposition: .create, kind: .directory,
                options: .attributesOnly), requestor: user
        ).close()
        expectFailure(.accessDenied) {
            try root.apply(.rename(from: "evil", to: ".git", in: root, []), requestor: user)
        }
        expectFailure(.accessDenied) {
            _ = try memory.volume.open(
                CreateParameters(
                    path: ".git", access: [], disposition: .create,
                    kind: .symbolicLink(target: Array("evil".utf8)),
                    options: [.attributesOnly, .noFollow]), requestor: user)
        }
    }

    @Test(
        "a file that was made without a name has those that it got, and its directory keeps its own"
    )
    func nameless() throws {
        let policy = try attach("deny on=read .env2\nread-only kept")
        try memory.volume.open(
            CreateParameters(
                path: "d", access: [], disposition: .create, kind: .directory,
                options: .attributesOnly)
        ).close()
        try memory.make("d/plain", [1])
        let directory = try memory.volume.open(
            "d", access: [], options: .attributesOnly, requestor: user)
        defer { directory.close() }
        func makeNameless() throws(IOFailure) -> FileObject {
            try memory.volume.open(
                CreateParameters(
                    path: "d", access: [.read, .write], disposition: .create, kind: .regularFile,
                    options: .temporary), requestor: user)
        }
        for _ in 0..<50 {
            let file = try makeNameless()
            #expect(file.isNameless)
            try file.apply(.link("x", in: directory), requestor: user)
            try directory.apply(.unlink("x", directory: false), requestor: user)
            file.close()
        }
        #expect(policy.names.names(of: "d/plain") == ["d/plain"])
        #expect(policy.names.names(of: "d") == ["d"])
        let file = try makeNameless()
        defer { file.close() }
        try file.apply(.permissions(0o600), requestor: user)
        try file.apply(.link("a", in: directory), requestor: user)
        try file.apply(.permissions(0o600), requestor: user)
        try file.apply(.link(".env2", in: directory), requestor: user)
        expectFailure(.accessDenied) { _ = try open("d/a") }
        expectFailure(.accessDenied) {
            _ = try memory.volume.open(
                CreateParameters(path: "", directory: file, access: .read), requestor: user)
        }
        expectFailure(.accessDenied) {
            try file.apply(.link("kept", in: directory), requestor: user)
        }
        #expect(policy.names.links(of: file.stream.id) == ["d/a", "d/.env2"])
    }

    @Test("a name is not given up where no room is left to remember it for the file's other links")
    func room() throws {
        let policy = try attach("deny on=read .env")
        let root = try root()
        defer { root.close() }
        func giveUp(_ number: Int) throws {
            let file = try memory.volume.open(".env", access: [], options: .attributesOnly)
            try file.apply(
                .link(FilePath.Component("h\(number)") ?? "h", in: root), requestor: user)
            file.close()
            try root.apply(.unlink(".env", directory: false), requestor: user)
        }
        for number in 0..<4095 {
            try giveUp(number)
            try memory.make(".env", [4])
        }
        expectFailure(.insufficientResources) { try giveUp(4095) }
        for name in ["h0", "h4094", "h4095"] {
            expectFailure(.accessDenied) { _ = try open(FilePath(name)) }
        }
        #expect(policy.counts.denied == 3)
    }

    @Test("what is hidden is in no listing, not even where all of a batch is hidden")
    func hidden() throws {
        _ = try attach("hide h*")
        for number in 0..<40 { try memory.make(FilePath("h\(number)"), []) }
        let root = try memory.volume.open(
            CreateParameters(path: "", kind: .directory), requestor: user)
        defer { root.close() }
        var names: [String] = []
        var cookie: UInt64 = 0
        while true {
            let entries = try root.entries(after: cookie, limit: 4, requestor: user)
            guard let last = entries.last else { break }
            names += entries.map { String(decoding: $0.name, as: UTF8.self) }
            cookie = last.cookie
        }
        #expect(names.filter { !$0.hasPrefix(".") }.sorted() == ["notes.txt", "plain"])
        expectFailure(.objectNameNotFound) { _ = try open("h1") }
        expectFailure(.objectNameNotFound) { _ = try root.status(of: "h1", requestor: user) }
    }

    @Test("an allowed file has bypass at once, and its reads do not come to the filter")
    func bypass() throws {
        _ = try attach("deny .env")
        let file = try open("plain")
        defer { file.close() }
        #expect(try file.verdict(.enable).status == .success)
        let before = memory.volume.instances[0].callbacksRun
        #expect(try file.read(at: 0, length: 3) == [1, 2, 3])
        #expect(memory.volume.instances[0].callbacksRun == before)
    }

    @Test("a question waits for its answer, which holds as long as it says; no answer is no")
    func questions() throws {
        let kept = Guarded<[String]>([])
        var surroundings = PolicyFilter.Surroundings(program: { _ in "/bin/cat" })
        surroundings.keep = { rule in kept.withLock { $0.append(rule) } }
        let policy = try attach("ask on=read plain", surroundings)
        func answered(_ answer: PolicyAnswer) throws -> Bool {
            let opened = BackgroundCall { (try? open("plain"))?.close() != nil }
            #expect(wait(until: { !policy.questions.isEmpty }))
            let question = policy.questions[0]
            #expect(question.path == "plain" && question.program == "/bin/cat")
            #expect(question.operation == .read && question.process == 7)
            try policy.answer(question.number, answer)
            return opened.wait() == true
        }
        #expect(try answered(PolicyAnswer(isAllowed: true, scope: .once)))
        #expect(try !answered(PolicyAnswer(isAllowed: false, scope: .once)))
        #expect(try answered(PolicyAnswer(isAllowed: true, scope: .always)))
        #expect(kept.withLock { $0 } == ["allow on=read \"/plain\" program=\"/bin/cat\" user=1000"])
        // It holds for the session, too: nobody is asked.
        try open("plain").close()
        #expect(policy.counts.asked == 3 && policy.questions.isEmpty)
        let other = BackgroundCall {
            let requestor = Requestor.user(2000, group: 2000, process: 8)
            return (try? memory.volume.open("plain", requestor: requestor))?.close() != nil
        }
        #expect(wait(until: { !policy.questions.isEmpty }), "an answer is about its user alone")
        try policy.answer(policy.questions[0].number, PolicyAnswer(isAllowed: false, scope: .once))
        #expect(other.wait() == false)
        #expect(throws: PolicyAnswerError.self) {
            try policy.answer(1, PolicyAnswer(isAllowed: true, scope: .once))
        }
    }

    @Test("a question that nobody answers is a no, also where no thread of the pool is free")
    func unanswered() throws {
        let pool = BlockedPool()
        defer { pool.release() }
        let policy = try attach(
            "ask plain", PolicyFilter.Surroundings(patience: .milliseconds(20)))
        expectFailure(.accessDenied) { _ = try open("plain") }
        #expect(policy.counts.unanswered == 1 && policy.counts.asked == 1)
    }
}

/// Counts what comes to it.
private final class QuestionCounter: Filter {
    let name = "questions"
    let altitude = Altitude(integer: 80_000)
    let supportedFeatures: FilterRegistration.Features = .bypassIO
    let counts = Guarded<[MajorFunction: Int]>([:])

    var otherOperations: [OperationRegistration] {
        [.create, .queryInformation].map { function in
            OperationRegistration(
                function,
                preOperation: { [self] _, _ in
                    self.counts.withLock { $0[function, default: 0] += 1 }
                    return .successNoCallback
                })
        }
    }
}
