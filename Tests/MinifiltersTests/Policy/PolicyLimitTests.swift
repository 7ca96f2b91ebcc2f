import BypassIOProtocol
import IOStack
import SystemPackage
import TestSupport
import Testing

@testable import Minifilters

/// What programs can make the filter policy keep (docs/limits.md).
struct PolicyLimitTests {
    private final class Owner: Sendable {}

    @Test("questions beyond 256 are a no, and room comes back with an answer or a withdrawal")
    func questions() throws {
        let questions = PolicyQuestions()
        let owner = Owner()
        let profile = try PolicyProfile("ask data", name: "p")
        let rule = try #require(profile.rules.first)
        let answers = Guarded<[Bool]>([])
        func ask(_ number: Int) -> PolicyQuestions.Ticket? {
            questions.ask(
                .init(path: "\(number)", operation: .read, program: nil, user: 1000),
                PolicyActor(user: 1000, process: 7, program: nil), rule,
                .init(instance: ObjectIdentifier(owner)) { isAllowed in
                    answers.withLock { $0.append(isAllowed) }
                })
        }
        let tickets = (0..<PolicyQuestions.capacity).compactMap { ask($0) }
        #expect(tickets.count == 256)
        #expect(ask(1000) == nil)
        // One more that waits for the same takes no room.
        #expect(ask(3)?.isNew == false)
        #expect(questions.settle(tickets[0].question, isAllowed: true, isKept: false) != nil)
        #expect(answers.withLock { $0 } == [true])
        #expect(ask(1000)?.isNew == true)
        #expect(ask(1001) == nil)
        #expect(questions.withdraw(tickets[1]))
        #expect(ask(1001)?.isNew == true)
        withExtendedLifetime(owner) {}
    }

    @Test("a profile may have as many rules as its text has room for, and the last one counts")
    func rules() throws {
        let text = String(repeating: "deny a\n", count: 70_000) + "deny secret\n"
        let table = PolicyTable(try PolicyProfile(text, name: "p").rules)
        let actor = PolicyActor(user: 1000, process: 7, program: nil)
        #expect(table.rule(for: "x/secret", .read, actor)?.line == 70_001)
        #expect(table.rule(for: "x/other", .read, actor) == nil)
    }

    @Test(
        "answers beyond 65,536 are asked for again, and what a path meets beyond 32,768 stays right"
    )
    func memory() throws {
        let questions = PolicyQuestions()
        let owner = Owner()
        let profile = try PolicyProfile("ask data", name: "p")
        let rule = try #require(profile.rules.first)
        let actor = PolicyActor(user: 1000, process: 7, program: nil)
        func key(_ number: Int) -> PolicyQuestions.Key {
            .init(path: "\(number)", operation: .read, program: nil, user: 1000)
        }
        for number in 0...65_536 {
            let ticket = questions.ask(
                key(number), actor, rule, .init(instance: ObjectIdentifier(owner)) { _ in })
            let question = try #require(ticket).question
            _ = questions.settle(question, isAllowed: true, isKept: true)
            if number == 65_535 { #expect(questions.answer(to: key(0)) == true) }
        }
        #expect(questions.answer(to: key(0)) == nil)
        #expect(questions.answer(to: key(65_536)) == true)
        let table = PolicyTable(profile.rules)
        for number in 0..<40_000 { #expect(table.rule(for: "\(number)", .read, actor) == nil) }
        #expect(table.rule(for: "data", .read, actor)?.line == rule.line)
        withExtendedLifetime(owner) {}
    }

    @Test("links beyond 65,536 are refused, and room comes back with a name that goes")
    func links() {
        let names = KnownNames()
        func id(_ number: Int) -> FileID { FileID(device: 1, inode: UInt64(number)) }
        for number in 0..<KnownNames.linkCapacity {
            #expect(names.willLink(id(number), at: "\(number)"))
        }
        #expect(!names.willLink(id(1_000_000), at: "one more"))
        names.removed("17")
        #expect(names.willLink(id(17), at: "one more"))
        #expect(!names.willLink(id(18), at: "two more"))
    }
}
