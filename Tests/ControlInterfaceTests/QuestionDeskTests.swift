import BypassIOProtocol
import Locks
import SystemPackage
import Testing

@testable import ControlInterface
@testable import LinuxKit

/// Questions that may wait, each on a thread.
@Suite("Questions")
struct QuestionDeskTests {
    private static let late = ControlFault(503, "late", "It took too long.")
    /// Other tests may hold the threads of all tasks for minutes meanwhile.
    private static let ever = Duration.seconds(86_400)

    private let executor: ControlExecutor

    init() throws { executor = try ControlExecutor() }

    private func desk(limit: Int) throws -> QuestionDesk {
        QuestionDesk(limit: limit, executor)
    }

    @Test("the thread of a question stays for the next one")
    func kept() async throws {
        let desk = try desk(limit: 4)
        var threads: Set<Int32> = []
        for round in 0..<50 {
            // The thread of the one before may not wait yet.
            if round > 0 { await executor.sleep(for: .milliseconds(2)) }
            threads.insert(
                try await desk.answer(within: Self.ever, late: Self.late) {
                    ThreadRule().owner
                })
        }
        #expect(threads.count < 10, "\(threads)")
    }

    @Test("a question that waits keeps no other from its answer; more than the limit are refused")
    func limit() async throws {
        let desk = try desk(limit: 3)
        for _ in 0..<10 {
            let held = Monitor((within: 0, isOpen: false))
            var tasks: [Task<Int, any Error>] = []
            for number in 1...3 {
                // Each but the last leaves a place: the others are answered meanwhile.
                #expect(
                    try await desk.answer(within: Self.ever, late: Self.late) { number }
                        == number)
                tasks.append(
                    Task {
                        try await desk.answer(within: Self.ever, late: Self.late) {
                            held.withLock { $0.within += 1 }
                            return held.wait(until: { $0.isOpen }, then: { _ in number })
                        }
                    })
                while held.withLock({ $0.within }) < number {
                    await executor.sleep(for: .milliseconds(1))
                }
            }
            await #expect(throws: ControlFault.self) {
                try await desk.answer(within: Self.ever, late: Self.late) {}
            }
            held.withLock { $0.isOpen = true }
            for (task, number) in zip(tasks, 1...3) { #expect(try await task.value == number) }
        }
    }

    @Test("who waits too long is told so, and the place is free once the answer is there")
    func late() async throws {
        let desk = try desk(limit: 1)
        let open = Monitor(false)
        await #expect(throws: ControlFault.self) {
            try await desk.answer(within: .milliseconds(20), late: Self.late) {
                open.wait(until: { $0 }, then: { _ in })
            }
        }
        await #expect(throws: ControlFault.self) {
            try await desk.answer(within: Self.ever, late: Self.late) {}
        }
        open.withLock { $0 = true }
        var isAnswered = false
        for _ in 0..<10_000 where !isAnswered {
            isAnswered =
                (try? await desk.answer(within: Self.ever, late: Self.late) { true }) ?? false
            if !isAnswered { await executor.sleep(for: .milliseconds(1)) }
        }
        #expect(isAnswered)
    }
}
