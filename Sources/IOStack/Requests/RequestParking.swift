import Dispatch

/// Where a pended request waits for the filter that keeps it.
///
/// The completer may come before the carrier parked: the outcome is kept until it is taken.
/// Lock order: a leaf. The lock hands the request's members from the completer to the carrier.
final class RequestParking: Sendable {
    enum Outcome: Sendable {
        case preOperation(PreOperationResult)
        case postOperation
    }

    private struct State {
        var outcome: Outcome?
        var onResume: (@Sendable () -> Void)?
    }

    private let state = Guarded(State())

    /// The completer's side.
    func resume(_ outcome: Outcome) {
        let onResume = state.withLock { state in
            precondition(state.outcome == nil, "a pended request was completed twice")
            state.outcome = outcome
            return state.onResume.take()
        }
        onResume?()
    }

    /// The carrier's side: the outcome if it is there, else `onResume` is called once it is, on
    /// the completer's thread.
    func take(orElse onResume: @escaping @Sendable () -> Void) -> Outcome? {
        state.withLock { state in
            if let outcome = state.outcome.take() { return outcome }
            state.onResume = onResume
            return nil
        }
    }

    /// The carrier's side: sleeps until the outcome is there. Whoever keeps the request may wait
    /// for reads that only this thread can finish; `advance` moves them on.
    func wait(advance: () -> DrainProgress) -> Outcome {
        let arrived = DispatchSemaphore(value: 0)
        while true {
            if let outcome = take(orElse: { arrived.signal() }) { return outcome }
            switch advance() {
            case .advanced: continue
            case .toBeAskedAgain: _ = arrived.wait(timeout: .now() + DrainEvent.pollInterval)
            case .nothing: arrived.wait()
            }
        }
    }
}
