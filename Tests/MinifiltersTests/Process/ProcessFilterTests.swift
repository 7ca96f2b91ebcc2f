import BypassIOProtocol
import IOStack
import MemoryFileSystem
import Minifilters
import SystemPackage
import Testing

/// A filter whose decisions programs make, on a volume in memory.
@Suite struct ProcessFilterTests {
    private let memory = MemoryVolume()
    private let user = Requestor.user(1000, group: 1000, process: 7)

    private func attach(_ filter: ProcessFilter) throws -> FilterInstance {
        for name in ["a.secret", "plain"] { try memory.make(FilePath(name), [1, 2, 3]) }
        return try memory.attach(filter)
    }

    private func open(
        _ path: FilePath, _ access: CreateParameters.Access = .read
    ) throws(IOFailure) -> FileObject {
        try memory.volume.open(path, access: access, options: .nonCached, requestor: user)
    }

    private func status(_ body: () throws(IOFailure) -> Void) -> NTStatus? {
        do throws(IOFailure) {
            try body()
            return nil
        } catch {
            return error.status
        }
    }

    private func register(
        _ filter: ProcessFilter, _ operations: String, paths: String = #"["*.secret"]"#,
        process: Int32 = 99
    ) throws -> PortConnection {
        let connection = try filter.port.connect(PortClient(process: process, user: 0))
        let order =
            #"{"register":{"version":1,"name":"p\#(process)","operations":\#(operations),"#
            + #""paths":\#(paths)}}"#
        let answer = try connection.request(Array(order.utf8))
        #expect(String(decoding: answer, as: UTF8.self) == #"{"registered":"p\#(process)"}"#)
        return connection
    }

    /// Replies to each question, on a thread of its own, until the connection ends.
    private func answering(_ connection: PortConnection, _ answer: String) -> BackgroundCall<Int> {
        BackgroundCall {
            var count = 0
            while let message = connection.nextMessage() {
                count += 1
                if let number = message.number {
                    try? connection.reply(to: number, Array(answer.utf8))
                }
            }
            return count
        }
    }

    @Test("the program decides about what it registered for, and about nothing of its own")
    func decides() throws {
        let filter = ProcessFilter(patience: .seconds(600))
        _ = try attach(filter)
        let program = try register(filter, #"["open"]"#)
        let answers = answering(program, #"{"answer":"deny","errno":"ENOSPC"}"#)
        #expect(status { () throws(IOFailure) in _ = try open("a.secret") } == .diskFull)
        try open("plain").close()
        // The stack's own, and the program itself.
        try memory.volume.open("a.secret").close()
        try memory.volume.open(
            "a.secret", requestor: .user(0, process: program.client.process)
        ).close()
        program.disconnect()
        #expect(answers.wait() == 1)
        try open("a.secret").close()
        #expect(filter.counts.denied == 1 && filter.counts.asked == 1 && filter.waiting == 0)
    }

    @Test(
        "what a program leaves undecided is decided by the setting, and told",
        arguments: ProcessFilter.Away.allCases)
    func undecided(away: ProcessFilter.Away) throws {
        let told = Guarded<[ProcessEvent.Outcome]>([])
        let filter = ProcessFilter(patience: .milliseconds(1), away: away) { event in
            told.withLock { $0.append(event.outcome) }
        }
        _ = try attach(filter)
        let wanted: NTStatus? = away == .deny ? .accessDenied : nil
        #expect(status { () throws(IOFailure) in try open("a.secret").close() } == wanted)
        let program = try register(filter, #"["open"]"#)
        // It takes nothing, and is late.
        #expect(status { () throws(IOFailure) in try open("a.secret").close() } == wanted)
        program.disconnect()
        #expect(status { () throws(IOFailure) in try open("a.secret").close() } == wanted)
        try open("plain").close()
        let outcomes = told.withLock { $0 }
        #expect(outcomes == (away == .deny ? [.gone, .late, .gone] : [.late]))
        #expect(filter.programs.count == (away == .deny ? 1 : 0))
        // Each operation counts once.
        let counts = filter.counts
        #expect(counts.away == (away == .deny ? 3 : 1) && counts.asked == 1)
        #expect(counts.allowed == 0 && counts.denied == 0)
    }

    @Test("what is undecided by one of two programs, and allowed by the other, counts once")
    func undecidedByOne() throws {
        let filter = ProcessFilter(patience: .milliseconds(500))
        _ = try attach(filter)
        let silent = try register(filter, #"["open"]"#)
        let program = try register(filter, #"["open"]"#, process: 98)
        let answers = answering(program, #"{"answer":"allow"}"#)
        try open("a.secret").close()
        #expect(filter.counts.away == 1 && filter.counts.allowed == 0)
        silent.disconnect()
        try open("a.secret").close()
        #expect(filter.counts.away == 1 && filter.counts.allowed == 1)
        program.disconnect()
        _ = answers.wait()
    }

    @Test(
        "with away=deny another process knows what was registered; with allow it knows nothing",
        arguments: ProcessFilter.Away.allCases)
    func saved(away: ProcessFilter.Away) throws {
        let old = ProcessFilter(away: away)
        let empty = old.savedState()
        let memory = MemoryVolume()
        _ = try memory.attach(old)
        let program = try register(old, #"["open","read"]"#, paths: #"["*.secret","!b*"]"#)
        let filter = ProcessFilter(away: away)
        try filter.restore(old.savedState())
        program.disconnect()
        for name in ["a.secret", "b.secret", "plain"] {
            try self.memory.make(FilePath(name), [1, 2, 3])
        }
        // Open before the filter came.
        let file = try open("a.secret")
        defer { file.close() }
        _ = try self.memory.attach(filter)
        let wanted: NTStatus? = away == .deny ? .accessDenied : nil
        #expect(((try? file.routeOfRead(length: 1)) == nil) == (away == .deny))
        #expect(status { () throws(IOFailure) in try open("a.secret").close() } == wanted)
        try open("b.secret").close()
        try open("plain").close()
        #expect(filter.programs.map(\.name) == (away == .deny ? ["p99"] : []))
        if away == .deny {
            let again = try register(filter, #"["open"]"#, paths: #"["*.secret"]"#)
            #expect(filter.programs.map(\.isConnected) == [true])
            again.disconnect()
        }
        // Before any program has registered.
        let fresh = ProcessFilter(away: away)
        try fresh.restore(empty)
        #expect(fresh.programs.isEmpty)
        #expect(throws: (any Error).self) { try fresh.restore([1, 1]) }
    }

    @Test("spec 4.4: files whose reads a program watches bypass no more, also if they did before")
    func bypass() throws {
        let filter = ProcessFilter(patience: .seconds(600))
        _ = try attach(filter)
        let file = try memory.openBypassed("a.secret")
        defer { file.close() }
        let other = try memory.openBypassed("plain")
        defer { other.close() }
        #expect(try file.routeOfRead(length: 1) == .fullBypass)
        let program = try register(filter, #"["read"]"#)
        #expect(try file.routeOfRead(length: 1) != .fullBypass)
        #expect(try other.routeOfRead(length: 1) == .fullBypass)
        let refused = try file.verdict()
        #expect(refused.status == .notSupportedWithMonitoring)
        #expect("\(refused.failureReason)".contains("p99 watches its reads"))
        program.disconnect()
        #expect(wait { (try? file.routeOfRead(length: 1)) == .fullBypass })
        #expect(try file.verdict().status == .success)
    }

    @Test("a program that leaves eight in a row unanswered is disconnected; an answer starts anew")
    func dropped() throws {
        let filter = ProcessFilter(patience: .milliseconds(1))
        _ = try attach(filter)
        let program = try register(filter, #"["open"]"#)
        for _ in 0..<7 { try open("a.secret").close() }
        #expect(program.isConnected)
        try open("a.secret").close()
        #expect(wait { !program.isConnected })
        #expect(filter.programs.isEmpty && filter.counts.away == 8)
    }

    @Test("a detach lets go what waits")
    func detach() throws {
        let filter = ProcessFilter(patience: .seconds(600))
        let instance = try attach(filter)
        let program = try register(filter, #"["open"]"#)
        let volume = memory.volume
        let user = user
        let opener = BackgroundCall {
            (try? volume.open("a.secret", requestor: user))?.close() != nil
        }
        #expect(wait { filter.waiting == 1 })
        try memory.manager.filterManager.detach(instance)
        #expect(opener.wait() == true)
        #expect(!program.isConnected && filter.waiting == 0)
    }
}
