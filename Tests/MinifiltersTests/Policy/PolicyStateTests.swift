import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

@testable import Minifilters

/// What a policy knows beside its rules, for a service that takes over.
@Suite struct PolicyStateTests {
    private let memory = MemoryVolume()
    private let user = Requestor.user(1000, group: 1000, process: 7)

    private func policy() throws -> PolicyFilter {
        PolicyFilter([try PolicyProfile("deny on=read .env\nask on=read plain", name: "test")])
    }

    /// Names from a rename, a link and a removal; an answer.
    private func used() throws -> PolicyFilter {
        let policy = try policy()
        for name in [".env", "plain"] { try memory.make(FilePath(name), [1]) }
        try memory.attach(policy)
        let root = try memory.volume.open(
            "", access: [], options: .attributesOnly, requestor: user)
        defer { root.close() }
        let env = try memory.volume.open(".env", access: [], options: .attributesOnly)
        try env.apply(.link("hard", in: root), requestor: user)
        env.close()
        try root.apply(.rename(from: ".env", to: "other", in: root, []), requestor: user)
        let program: String? = nil
        let key = PolicyQuestions.Key(
            path: "plain", operation: .read, program: program, user: 1000)
        policy.asked.restore(
            PolicyQuestions.Known(answers: [key: true], questions: [:], last: 5))
        #expect(throws: IOFailure.self) {
            try memory.volume.open("other", options: .nonCached, requestor: user)
        }
        return policy
    }

    @Test("names, answers and counts are there again")
    func again() throws {
        let old = try used()
        let new = try policy()
        try new.restore(old.savedState())
        #expect(new.counts == old.counts && new.counts.denied == 1)
        #expect(new.names.everyName(of: "other") == old.names.everyName(of: "other"))
        #expect(new.names.everyName(of: "other").contains(".env"))
        #expect(new.names.everyName(of: "hard").contains(".env"))
        #expect(new.asked.known.answers == old.asked.known.answers)
        #expect(new.asked.known.last == 5)
        #expect(new.savedState().count == old.savedState().count)
    }

    @Test("a question that nobody answered is asked again with its number")
    func question() throws {
        let key = PolicyQuestions.Key(path: "plain", operation: .read, program: "/x", user: 1)
        let first = PolicyQuestions()
        first.restore(PolicyQuestions.Known(answers: [:], questions: [key: 3], last: 9))
        let rule = try #require(try policy().rules.first)
        let waiting = PolicyQuestions.Waiting(
            instance: ObjectIdentifier(first), resume: { _ in })
        let actor = PolicyActor(user: 1, process: 2, program: "/x")
        #expect(first.ask(key, actor, rule, waiting)?.question == 3)
        let other = PolicyQuestions.Key(path: "a", operation: .read, program: "/x", user: 1)
        #expect(first.ask(other, actor, rule, waiting)?.question == 11)
        #expect(first.known.questions == [key: 3, other: 11])
    }

    @Test("what is cut or changed is refused or understood, and nothing of it is taken by half")
    func garbage() throws {
        let bytes = try used().savedState()
        var random = RandomBytes(seed: 11)
        for length in 0..<bytes.count {
            let policy = try policy()
            #expect(throws: (any Error).self) { try policy.restore(Array(bytes.prefix(length))) }
            #expect(policy.names.everyName(of: "other") == ["other"])
        }
        for _ in 0..<2000 {
            var changed = bytes
            changed[random.below(changed.count)] ^= UInt8(1 + random.below(255))
            let policy = try policy()
            do {
                try policy.restore(changed)
            } catch {
                #expect(policy.counts == PolicyCounts())
            }
        }
    }
}

/// The same for each seed.
private struct RandomBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % limit
    }
}
