import Dispatch
import IOStack

/// An action on a thread of its own.
final class StartedAction: Sendable {
    private let outcome = Guarded<Outcome?>(nil)
    private let done = DispatchSemaphore(value: 0)
    private let thread = CarryingThread()
    /// On a mount another process works for the thread, and the runner cannot see it.
    private let isCarriedElsewhere: Bool

    init(_ action: Action, on stage: any ScenarioStage) {
        isCarriedElsewhere = stage.isMount
        let queue = DispatchQueue(label: "bypassio.lab.step")
        queue.async { [self] in
            thread.begin()
            let outcome = stage.perform(action)
            self.outcome.withLock { $0 = outcome }
            done.signal()
        }
    }

    /// Sleeps until the action has returned; nil if that took longer.
    func outcome(withinMilliseconds milliseconds: Int) -> Outcome? {
        if let outcome = outcome.withLock({ $0 }) { return outcome }
        guard done.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else {
            return nil
        }
        done.signal()
        return outcome.withLock { $0 }
    }

    /// Returns once the action has returned or sleeps. Only another action can then end its wait,
    /// and its changes before the wait can be seen.
    func settle() {
        var sleptBefore = false
        for _ in 0..<1000 {
            if outcome(withinMilliseconds: 5) != nil { return }
            let sleeps = thread.isAsleep
            if sleeps, sleptBefore { break }
            sleptBefore = sleeps
        }
        if isCarriedElsewhere { _ = outcome(withinMilliseconds: 100) }
    }
}
