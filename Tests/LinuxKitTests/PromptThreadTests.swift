import Glibc
import LinuxKit
import Locks
import Testing

struct PromptThreadTests {
    private static func niceness() -> Int32 {
        getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
    }

    /// The calling thread's: SCHED_OTHER, or SCHED_RR with the flag that its children are not so.
    private static func policy() -> Int32 { sched_getscheduler(0) }

    /// Some containers have no time for threads of real time.
    private static var hasRealTime: Bool {
        var least = sched_param()
        least.sched_priority = sched_get_priority_min(SCHED_RR)
        guard unsafe sched_setscheduler(0, SCHED_RR, &least) == 0 else { return false }
        least.sched_priority = 0
        return unsafe sched_setscheduler(0, SCHED_OTHER, &least) == 0
    }

    /// SCHED_RESET_ON_FORK, sched.h.
    private static let isResetOnFork: Int32 = 0x4000_0000
    private static let isPrompt = hasRealTime ? SCHED_RR | isResetOnFork : SCHED_OTHER

    @Test(
        "a prompt thread runs before usual ones; what it starts is usual",
        .enabled(if: geteuid() == 0, "threads that run before others take root"))
    func prompt() throws {
        let seen = Monitor<[Int32]>([])
        try OwnThread.start(named: "prompt", isPrompt: true) {
            seen.withLock { $0.append(Self.policy()) }
            let own = try? OwnThread.start(named: "its own") {
                seen.withLock { $0.append(Self.policy()) }
            }
            own?.join()
        }.join()
        #expect(seen.withLock { $0 } == [Self.isPrompt, SCHED_OTHER])
        #expect(Self.policy() == SCHED_OTHER)
    }

    @Test(
        "threads of the work are usual after it, and those that were there before are left alone",
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
        let earlier = try OwnThread.start(named: "earlier") {
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -5)
            isOver.wait(until: { $0 }, then: { _ in })
            seen.withLock { $0["earlier"] = Self.niceness() }
        }
        let work = try PromptThread.working(usualAsIn: 0) {
            #expect(Self.niceness() == PromptThread.niceness)
            return try waiting("work")
        }
        #expect(Self.niceness() == before)
        isOver.withLock { $0 = true }
        for thread in [earlier, work] { thread.join() }
        #expect(seen.withLock { $0 } == ["earlier": -5, "work": before])
    }
}
