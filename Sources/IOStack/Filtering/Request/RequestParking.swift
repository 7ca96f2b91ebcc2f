import BypassIOProtocol
import Dispatch

/// Where a pended request waits for the filter that keeps it.
///
/// The completer may come before the carrier has parked, so the outcome is kept until it is taken.
/// An outcome counts only for the keeper that brought it. So no filter can continue a request that
/// another filter holds.
/// Lock order: a leaf. The lock hands the request's members from the completer to the carrier.
final class RequestParking: Sendable {
    enum Outcome: Sendable {
        case preOperation(PreOperationResult)
        case postOperation
    }

    /// The keeper of a request: an instance, on the request's way down or up. A request meets each
    /// instance once on each way.
    struct Keeper: Equatable, Sendable {
        enum Way: Sendable { case down, up }

        private let instance: ObjectIdentifier
        private let way: Way

        init(_ instance: FilterInstance, _ way: Way) {
            self.instance = ObjectIdentifier(instance)
            self.way = way
        }
    }

    private struct State {
        /// The keeper that the parked carrier waits for.
        var awaited: Keeper?
        /// Outcomes that came and were not taken yet.
        var outcomes: [(keeper: Keeper, outcome: Outcome)] = []
        /// The keepers whose outcome the carrier took.
        var done: [Keeper] = []
        var onResume: (@Sendable () -> Void)?
        var isCancelled = false
        /// The cancel handler of the filter that keeps the request.
        var onCancel: (keeper: Keeper, call: @Sendable () -> Void)?
    }

    private let state = Guarded(State())

    /// The completer's side. Returns ``NTStatus/fltInvalidAsynchronousRequest`` and changes nothing
    /// if the keeper completed before, or if the request waits for another keeper. Otherwise
    /// `first` runs, under the lock, before the carrier can have the outcome.
    func resume(
        _ outcome: Outcome, by keeper: Keeper, first: () -> Void = {}
    ) -> NTStatus {
        let (status, onResume) = state.withLock { state -> (NTStatus, (@Sendable () -> Void)?) in
            let isSecond =
                state.done.contains(keeper)
                || state.outcomes.contains { $0.keeper == keeper }
            let isAnothers = state.awaited != nil && state.awaited != keeper
            guard !isSecond, !isAnothers else { return (.fltInvalidAsynchronousRequest, nil) }
            first()
            state.outcomes.append((keeper, outcome))
            if state.onCancel?.keeper == keeper { state.onCancel = nil }
            return (.success, state.onResume.take())
        }
        onResume?()
        return status
    }

    /// The carrier's side: takes the keeper's outcome if it is there. Otherwise `onResume` is
    /// called once it is, on the completer's thread.
    func take(
        from keeper: Keeper, orElse onResume: @escaping @Sendable () -> Void
    ) -> Outcome? {
        state.withLock { state in
            guard let place = state.outcomes.firstIndex(where: { $0.keeper == keeper }) else {
                state.awaited = keeper
                state.onResume = onResume
                return nil
            }
            state.awaited = nil
            state.onResume = nil
            state.done.append(keeper)
            return state.outcomes.remove(at: place).outcome
        }
    }

    /// The carrier's side: sleeps until the outcome is there. The filter that keeps the request may
    /// wait for reads that only this thread can finish; `advance` moves them on.
    ///
    /// An interrupt calls the filter's handler, and the program does not wait. The request stays
    /// with the filter until the filter gives it back, because the filter may be using the
    /// request's memory.
    func wait(
        for keeper: Keeper, mayBeCancelled: Bool = true, advance: () -> DrainProgress
    ) -> Outcome {
        if let outcome = take(from: keeper, orElse: {}) { return outcome }
        let observer = mayBeCancelled ? RequestWait.observer : nil
        observer?.begins { [self] in cancel(waitFor: keeper) }
        defer { observer?.ends() }
        let arrived = DispatchSemaphore(value: 0)
        while true {
            if let outcome = take(from: keeper, orElse: { arrived.signal() }) { return outcome }
            switch advance() {
            case .advanced: continue
            case .toBeAskedAgain: _ = arrived.wait(timeout: .drainClock + DrainEvent.pollInterval)
            case .nothing: arrived.wait()
            }
        }
    }

    // MARK: Interrupts

    /// The program waits for the request no more. The request ends as soon as the filter gives it
    /// back; the filter's cancel handler is called. Returns false, with no effect, if the carrier
    /// no longer waits for `keeper`: the carrier continues with that answer, and its request must
    /// not count as cancelled.
    func cancel(waitFor keeper: Keeper) -> Bool {
        let (isWaiting, call) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            guard state.awaited == keeper else { return (false, nil) }
            state.isCancelled = true
            guard state.onCancel?.keeper == keeper else { return (true, nil) }
            return (true, state.onCancel.take()?.call)
        }
        call?()
        return isWaiting
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Has `call` called once if the request is cancelled before `keeper` gives it back. Returns
    /// false, and calls nothing, if the request was cancelled before.
    func callWhenCancelled(_ keeper: Keeper, _ call: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard !state.isCancelled else { return false }
            let isBack =
                state.done.contains(keeper) || state.outcomes.contains { $0.keeper == keeper }
            if !isBack { state.onCancel = (keeper, call) }
            return true
        }
    }
}
