import Dispatch
import Foundation

/// A thread of a test's own, and a wait for its end.
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

    /// False if the thread does not end in time.
    func join(within seconds: Int) -> Bool {
        ended.wait(timeout: .now() + .seconds(seconds)) == .success
    }
}
