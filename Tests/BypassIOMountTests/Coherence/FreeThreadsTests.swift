import Dispatch
import IOStack
import Testing

@testable import BypassIOMount

/// Threads that may wait for the kernel. The limit is for a hang: a test waits for others before it
/// begins, and its time runs meanwhile.
@Suite(.timeLimit(.minutes(10))) struct FreeThreadsTests {
    @Test func asManyAsAreAllowedRunAtOnceAndNoneWaitsForOthers() {
        let threads = FreeThreads(limit: 3)
        let (begun, held) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        for _ in 0..<3 {
            let isTaken = threads.run {
                begun.signal()
                held.wait()
            }
            #expect(isTaken)
        }
        for _ in 0..<3 { begun.wait() }
        let takesMore = threads.run {}
        #expect(!takesMore, "a fourth would wait for one that hangs")
        for _ in 0..<3 { held.signal() }
        threads.stop()
        let takesLater = threads.run {}
        #expect(!takesLater, "after the end")
    }

    @Test func whatWasTakenIsDoneBeforeTheEnd() {
        let threads = FreeThreads(limit: 4)
        let done = Counter()
        var taken = 0
        for _ in 0..<2000 where threads.run({ done.add() }) { taken += 1 }
        threads.stop()
        #expect(done.value == taken && taken > 0)
    }

    private final class Counter: Sendable {
        private let count = Guarded(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }
}
