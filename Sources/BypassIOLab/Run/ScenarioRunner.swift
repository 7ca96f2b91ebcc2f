import Dispatch
import IOStack

/// Runs a scenario and compares every answer.
public struct ScenarioRunner: Sendable {
    /// Seconds that a step may take before it counts as stuck.
    public var patience = 10

    public init() {}

    /// Runs `scenario` in this process.
    public func runInProcess(_ scenario: Scenario) -> ScenarioResult {
        if let reason = scenario.onlyOnMount {
            return ScenarioResult(notRun: scenario, reason: "only on the mount: \(reason)")
        }
        do {
            return run(
                scenario, on: try InProcessStage(scenario.stage, patience: patience))
        } catch {
            return result(scenario, mount: false, [], ["The stage cannot be built: \(error)"])
        }
    }

    /// Runs `scenario` on `stage`, and then ends the stage.
    public func run(_ scenario: Scenario, on stage: any ScenarioStage) -> ScenarioResult {
        var play = Play(stage: stage, patience: patience)
        for step in scenario.steps {
            play.play(step)
            if play.isStuck { break }
        }
        let complaints = play.end()
        return result(scenario, mount: stage.isMount, play.reports, complaints)
    }

    private func result(
        _ scenario: Scenario, mount: Bool, _ reports: [StepReport], _ complaints: [String]
    ) -> ScenarioResult {
        let hasPassed = reports.isEmpty && complaints.isEmpty
        let known = scenario.knownFailure.flatMap { $0.concerns(mount: mount) ? $0.reason : nil }
        let verdict: ScenarioResult.Verdict =
            switch (hasPassed, known) {
            case (true, nil): .passed
            case (false, nil): .failed
            case (true, let reason?): .passedUnexpectedly(reason: reason)
            case (false, let reason?): .failedAsKnown(reason: reason)
            }
        return ScenarioResult(
            scenario: scenario, verdict: verdict, reports: reports, complaints: complaints)
    }
}

/// A run of the script.
private struct Play {
    let stage: any ScenarioStage
    let patience: Int
    private var started: [String: StartedAction] = [:]
    /// Handles that could not be opened, and actions that could not be started on them. Steps on
    /// them are left out, because the open has reported the fault.
    private var missing: Set<String> = []
    private(set) var reports: [StepReport] = []
    /// A step did not return, so later steps have no meaning.
    private(set) var isStuck = false

    init(stage: any ScenarioStage, patience: Int) {
        self.stage = stage
        self.patience = patience
    }

    mutating func play(_ step: Step) {
        if dependsOnMissing(step.action) { return }
        guard let outcome = outcome(of: step.action) else {
            isStuck = true
            let got = "nothing: it still waits after \(patience) s"
            reports.append(
                report(step, rows: [.init(position: step.position, expected: "an end", got: got)]))
            return
        }
        let answer = Answer(outcome: outcome, fileSystemName: stage.fileSystemName)
        var rows = step.expectations.map { expectation in
            StepReport.Row(
                position: expectation.position, expected: expectation.value.text,
                got: answer.contradiction(to: expectation.value))
        }
        if !step.expectations.contains(where: \.value.tellsTheEnd),
            let got = answer.contradiction(to: .success)
        {
            rows.insert(.init(position: step.position, expected: "success", got: got), at: 0)
        }
        if let place = outcome.wrongByteAt {
            rows.append(
                .init(
                    position: step.position, expected: "the file's bytes",
                    got: "others from \(place) on"))
        }
        guard rows.contains(where: { $0.got != nil }) else { return }
        reports.append(report(step, rows: rows))
        if case .open(let handle, _) = step.action, !answer.isSuccess { missing.insert(handle) }
    }

    private mutating func dependsOnMissing(_ action: Action) -> Bool {
        switch action {
        case .returned(let name), .stillWaiting(let name): return missing.contains(name)
        default: break
        }
        guard let handle = action.handle, missing.contains(handle) else { return false }
        switch action {
        case .open(let name, _), .start(let name, _): missing.insert(name)
        default: break
        }
        return true
    }

    private func report(_ step: Step, rows: [StepReport.Row]) -> StepReport {
        StepReport(position: step.position, number: step.number, text: step.text, rows: rows)
    }

    /// nil if it does not return.
    private mutating func outcome(of action: Action) -> Outcome? {
        switch action {
        case .start(let name, let action):
            let begun = StartedAction(action, on: stage)
            started[name] = begun
            begun.settle()
            return Outcome()
        case .stillWaiting(let name):
            guard let begun = started[name] else { return Outcome(problem: "\(name) never began") }
            if let outcome = begun.outcome(withinMilliseconds: 50) { return outcome }
            var waiting = Outcome()
            waiting.isWaiting = true
            return waiting
        case .returned(let name):
            guard let begun = started[name] else { return Outcome(problem: "\(name) never began") }
            return begun.outcome(withinMilliseconds: patience * 1000)
        default:
            return StartedAction(action, on: stage)
                .outcome(withinMilliseconds: patience * 1000)
        }
    }

    /// Lets everything end. An action that still waits then is left behind.
    mutating func end() -> [String] {
        stage.releaseAll()
        let stuck = started.filter { $0.value.outcome(withinMilliseconds: 2000) == nil }
        guard stuck.isEmpty, !isStuck else {
            return stuck.keys.sorted().map { "\($0) never returned" }
        }
        return stage.end()
    }
}

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
