import Glibc
import LinuxKit
import Locks
import Testing

struct PromptThreadTests {
    private static func niceness() -> Int32 {
        getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
    }

    @Test(
        "threads started as prompt run before usual ones, their own too, and the starter does not",
        .enabled(if: geteuid() == 0, "a niceness below 0 takes root"))
    func inherited() throws {
        let seen = Monitor<[Int32]>([])
        let before = Self.niceness()
        try PromptThread.starting {
            try OwnThread.start(named: "prompt") {
                seen.withLock { $0.append(Self.niceness()) }
                let own = try? OwnThread.start(named: "its own") {
                    seen.withLock { $0.append(Self.niceness()) }
                }
                own?.join()
            }.join()
        }
        #expect(seen.withLock { $0 } == [PromptThread.niceness, PromptThread.niceness])
        #expect(Self.niceness() == before)
    }

    @Test(
        "threads of the work are usual after it, lasting ones stay prompt",
        .enabled(if: geteuid() == 0, "a niceness below 0 takes root"))
    func working() throws {
        let seen = Monitor<[String: Int32]>([:])
        let isOver = Monitor(false)
        func waiting(_ name: String) throws -> OwnThread {
            try OwnThread.start(named: name) {
                isOver.wait(until: { $0 }, then: { _ in })
                seen.withLock { $0[name] = Self.niceness() }
            }
        }
        let before = Self.niceness()
        let threads = try PromptThread.working(
            usualAsIn: 0, lasting: { try waiting("lasting") }
        ) { lasting in
            #expect(Self.niceness() == PromptThread.niceness)
            return [lasting, try waiting("work")]
        }
        #expect(Self.niceness() == before)
        isOver.withLock { $0 = true }
        for thread in threads { thread.join() }
        #expect(seen.withLock { $0 } == ["lasting": PromptThread.niceness, "work": before])
    }
}
