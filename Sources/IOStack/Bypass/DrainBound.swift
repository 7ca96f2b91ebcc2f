import BypassIOProtocol
import Dispatch
import Synchronization
import SystemPackage

/// How a drain ended.
enum DrainEnd: Sendable {
    case drained
    /// The time was up, and reads are still inside.
    case timedOut
    /// Whoever asked for it does not wait any more.
    case cancelled

    /// What the request is answered that drained; nil where all is well.
    var failure: IOFailure? {
        switch self {
        case .drained: nil
        case .timedOut: IOFailure(.ioTimeout)
        case .cancelled: IOFailure(.cancelled, hostErrno: Errno.interrupted.rawValue)
        }
    }
}

/// Asked where a drain has to wait, as most need not; nil: it waits for as long as it takes.
typealias DrainLimit = () -> DrainBound?

/// How long the drains of one request may take together, and whether it was cancelled. Belongs to
/// the thread that waits; ``cancel()`` from any.
final class DrainBound: Sendable {
    /// How often a sleeping drain looks whether it is over.
    static let slice = DispatchTimeInterval.milliseconds(20)

    private let deadline: DispatchTime
    /// Relaxed: nothing is handed over with it.
    private let isCancelled = Atomic<Bool>(false)
    private let isTold = Atomic<Bool>(false)

    /// For callers that rely on no read's end: what is to be closed is closed, and they go on.
    static let withoutWaiting: @Sendable () -> DrainBound? = { DrainBound(.zero) }

    init(_ limit: Duration) {
        let (seconds, attoseconds) = limit.components
        deadline = .now() + .seconds(Int(seconds)) + .nanoseconds(Int(attoseconds / 1_000_000_000))
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// Why the drain is to end now; nil: it goes on.
    var end: DrainEnd? {
        if isCancelled.load(ordering: .relaxed) { return .cancelled }
        return DispatchTime.now() >= deadline ? .timedOut : nil
    }

    /// Before the first sleep: an interrupt of the request is to end it.
    func willSleep() {
        guard !isTold.load(ordering: .relaxed) else { return }
        isTold.store(true, ordering: .relaxed)
        RequestWait.observer?.begins { [self] in
            cancel()
            return false
        }
    }

    /// Behind the last drain.
    func finish() {
        if isTold.load(ordering: .relaxed) { RequestWait.observer?.ends() }
    }

    /// Waits for `group`.
    func wait(for group: DispatchGroup) -> DrainEnd {
        while group.wait(timeout: .now()) == .timedOut {
            if let end { return end }
            willSleep()
            _ = group.wait(timeout: .now() + Self.slice)
        }
        return .drained
    }
}
