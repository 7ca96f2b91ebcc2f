import Dispatch
import Foundation

/// A thread of its own, and a bounded wait for its end.
///
/// Code that touches a mount runs on such a thread: a mount that does not answer stops that thread,
/// not the test.
final class OwnThread: Sendable {
    private let ended = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        let ended = ended
        Foundation.Thread.detachNewThread {
            body()
            ended.signal()
        }
    }

    /// False if the thread does not end in time.
    func join(within seconds: Double) -> Bool {
        guard ended.wait(timeout: .now() + seconds) == .success else { return false }
        ended.signal()
        return true
    }

    /// nil if the body has not ended in time; its thread then continues.
    static func value<Value: Sendable>(
        within seconds: Double, _ body: @escaping @Sendable () -> Value
    ) -> Value? {
        let box = Box<Value>()
        let thread = OwnThread { box.set(body()) }
        return thread.join(within: seconds) ? box.value : nil
    }

    private final class Box<Value: Sendable>: @unchecked Sendable {
        // The thread writes it before it signals its end; the caller reads it after that.
        private(set) var value: Value?
        func set(_ value: Value) { self.value = value }
    }
}
