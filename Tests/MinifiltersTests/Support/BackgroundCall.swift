import Dispatch
import IOStack

/// A call on a thread of its own.
final class BackgroundCall<Value: Sendable>: Sendable {
    private let value = Guarded<Value?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () -> Value) {
        DispatchQueue(label: "background call").async { [self] in
            let result = body()
            value.withLock { $0 = result }
            done.signal()
        }
    }

    /// The result of the call; nil if it did not return within `seconds`.
    func wait(seconds: Int = 30) -> Value? {
        guard done.wait(timeout: .now() + .seconds(seconds)) == .success else { return nil }
        done.signal()
        return value.withLock { $0 }
    }

    /// Whether the call has returned, after some time in which a faulty call would return.
    var hasReturned: Bool {
        defer { if value.withLock({ $0 != nil }) { done.signal() } }
        return done.wait(timeout: .now() + .milliseconds(50)) == .success
    }
}
