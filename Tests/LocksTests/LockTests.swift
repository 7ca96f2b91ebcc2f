import Foundation
import Locks
import Testing

@Suite("The mutex, the condition and what is built on them")
struct LockTests {
    @Test("A wait whose moment has passed ends without a call")
    func timeout() {
        let lock = Lock()
        let condition = Condition()
        lock.lock()
        let isInTime = condition.wait(lock, until: 1)
        lock.unlock()
        #expect(!isInTime)
    }

    @Test("A monitor's wait ends when its condition holds, and no other thread changes it first")
    func monitor() {
        let monitor = Monitor(0)
        for _ in 0..<4 {
            Thread.detachNewThread {
                for _ in 0..<250 { monitor.withLock { $0 += 1 } }
            }
        }
        let seen = monitor.wait(until: { $0 == 1000 }) { value in
            defer { value = -1 }
            return value
        }
        #expect(seen == 1000)
        #expect(monitor.withLock { $0 } == -1)
    }

    @Test("A reserve calls as many as sleep, and none once it is over")
    func reserve() {
        let reserve = Reserve()
        let asleep = Monitor(0)
        let woken = Monitor<[Bool]>([])
        #expect(!reserve.call(), "nobody sleeps")
        #expect(!reserve.wait { false }, "its condition does not hold")
        for _ in 0..<2 {
            Thread.detachNewThread {
                let isCalled = reserve.wait {
                    // Before the sleep, but under the lock that a call takes.
                    asleep.withLock { $0 += 1 }
                    return true
                }
                woken.withLock { $0.append(isCalled) }
            }
        }
        asleep.wait(until: { $0 == 2 }) { _ in }
        #expect(reserve.call())
        woken.wait(until: { $0.count == 1 }) { _ in }
        reserve.end()
        woken.wait(until: { $0.count == 2 }) { _ in }
        #expect(woken.withLock { $0 } == [true, false])
        #expect(!reserve.call())
        #expect(!reserve.wait { true })
    }
}
