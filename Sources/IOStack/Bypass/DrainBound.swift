import BypassIOProtocol
import Dispatch
import Synchronization
import SystemPackage

/// How a drain ended.
enum DrainEnd: Sendable {
    case drained
    /// The time was up, and reads are still inside.
    case timedOut
    /// The requester of the drain does not wait any more.
    case cancelled

    /// The failure that answers the drain's request; nil if it drained.
    var failure: IOFailure? {
        switch self {
        case .drained: nil
        case .timedOut: IOFailure(.ioTimeout)
        case .cancelled: IOFailure(.cancelled, hostErrno: Errno.interrupted.rawValue)
        }
    }
}

/// Gives a drain that has to wait its bound; most drains never ask. nil: the drain waits without a
/// limit.
typealias DrainLimit = () -> DrainBound?

/// How long the drains of one request may take together, and whether the request was cancelled.
/// Belongs to the thread that waits; any thread may call ``cancel()``.
final class DrainBound: Sendable {
    /// How often a sleeping drain checks whether it is over.
    static let slice = DispatchTimeInterval.milliseconds(20)

    private let deadline: DispatchTime
    /// Relaxed: no other data is handed over with it.
    private let isCancelled = Atomic<Bool>(false)
    private let isTold = Atomic<Bool>(false)

    /// For callers that rely on no read's end: they close the gate and go on.
    static let withoutWaiting: @Sendable () -> DrainBound? = { DrainBound(.zero) }

    init(_ limit: Duration) {
        let (seconds, attoseconds) = limit.components
        deadline = .now() + .seconds(Int(seconds)) + .nanoseconds(Int(attoseconds / 1_000_000_000))
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Why the drain must end now; nil: it goes on.
    var end: DrainEnd? {
        if isCancelled.load(ordering: .relaxed) { return .cancelled }
        return DispatchTime.now() >= deadline ? .timedOut : nil
    }

    /// Called before the first sleep, so that an interrupt of the request ends it.
    func willSleep() {
        guard !isTold.load(ordering: .relaxed) else { return }
        isTold.store(true, ordering: .relaxed)
        RequestWait.observer?.begins { [self] in
            cancel()
            return false
        }
    }

    /// Called after the last drain.
    func finish() {
        if isTold.load(ordering: .relaxed) { RequestWait.observer?.ends() }
    }

    /// Waits until `group` is empty or the bound is over.
    func wait(for group: DispatchGroup) -> DrainEnd {
        while group.wait(timeout: .now()) == .timedOut {
            if let end { return end }
            willSleep()
            _ = group.wait(timeout: .now() + Self.slice)
        }
        return .drained
    }
}
