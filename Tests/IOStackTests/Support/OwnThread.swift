import Dispatch
import Foundation
import IOStack
import Testing

/// A body on a thread of its own. Calls that wait need one, and so do read queues, which belong to
/// one thread, because tests run on a pool.
final class OwnThread<R: Sendable>: Sendable {
    private let outcome = Guarded<Result<R, any Error>?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> R) {
        let thread = Thread { [self] in
            let result = Result(catching: body)
            outcome.withLock { $0 = result }
            done.signal()
        }
        thread.stackSize = 4 << 20
        thread.start()
    }

    var isFinished: Bool { outcome.withLock { $0 != nil } }

    /// The result of the body; fails the test if the body does not end.
    func result(seconds: Int = 60) throws -> R {
        guard done.wait(timeout: .now() + .seconds(seconds)) == .success,
            let result = outcome.withLock({ $0 })
        else { throw StuckThread() }
        return try result.get()
    }

    /// Whether the body still runs after it had some time to end.
    func isStillRunning() -> Bool {
        Thread.sleep(forTimeInterval: 0.02)
        return !isFinished
    }
}

struct StuckThread: Error {}

/// Runs `body` on a thread of its own and waits for it.
func onOwnThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) throws -> R {
    try OwnThread(body).result()
}

/// Polls the condition; false if it did not become true.
func eventually(seconds: Double = 100, _ condition: () -> Bool) -> Bool {
    let end = Date().addingTimeInterval(seconds)
    while !condition() {
        if Date() > end { return false }
        Thread.sleep(forTimeInterval: 0.0005)
    }
    return true
}
