import Dispatch
import Foundation

/// A thread of its own for a test, and a wait for its end.
final class Thread: Sendable {
    private let ended = DispatchSemaphore(value: 0)
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }

    func start() {
        let (ended, body) = (ended, body)
        Foundation.Thread.detachNewThread {
            body()
            ended.signal()
        }
    }

    func join() { ended.wait() }

    /// False if it goes on for longer.
    func join(within seconds: Int) -> Bool {
        ended.wait(timeout: .now() + .seconds(seconds)) == .success
    }
}
