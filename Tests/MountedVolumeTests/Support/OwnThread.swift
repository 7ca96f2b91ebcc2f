import Dispatch
import Foundation

/// A thread of its own, and a bounded wait for its end.
///
/// What touches a mount runs on one: a mount that does not answer stops that thread, not the test.
final class OwnThread: Sendable {
    private let ended = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Void) {
        let ended = ended
        Foundation.Thread.detachNewThread {
            body()
            ended.signal()
        }
    }

    /// False if it goes on for longer.
    func join(within seconds: Double) -> Bool {
        guard ended.wait(timeout: .now() + seconds) == .success else { return false }
        ended.signal()
        return true
    }

    /// nil if the body has not ended in time; it then goes on by itself.
    static func value<Value: Sendable>(
        within seconds: Double, _ body: @escaping @Sendable () -> Value
    ) -> Value? {
        let box = Box<Value>()
        let thread = OwnThread { box.set(body()) }
        return thread.join(within: seconds) ? box.value : nil
    }

    private final class Box<Value: Sendable>: @unchecked Sendable {
        // Written before the thread's end is signalled, read after it.
        private(set) var value: Value?
        func set(_ value: Value) { self.value = value }
    }
}
