import LinuxKit

/// Ends a wakeable wait of an engine, from any thread.
///
/// Stays usable, without effect, after the engine closed: it owns the object that it signals.
public struct ReadEngineWaker: Sendable {
    private let target: any WakeTarget

    init(_ target: any WakeTarget) {
        self.target = target
    }

    /// Makes a blocked ``ReadEngine/submit(waitingFor:timeout:wakeable:)`` return early, or the
    /// next wakeable one at once. All wakes before that one count as one.
    public func wake() {
        target.wake()
    }
}

/// The object that a waker signals: an event counter polled by a ring, or a thread pool's
/// condition.
protocol WakeTarget: AnyObject, Sendable {
    func wake()
}

extension EventCounter: WakeTarget {
    func wake() { raise() }
}
