/// The result of a scenario.
public struct ScenarioResult: Sendable {
    public enum Verdict: Sendable, Equatable {
        case passed
        case failed
        /// It failed, as the file says it does.
        case failedAsKnown(reason: String)
        /// The file says that it fails, so the mark must be removed.
        case passedUnexpectedly(reason: String)
        case notRun(reason: String)
    }

    public let scenario: Scenario
    public let verdict: Verdict
    /// Steps whose answers differ.
    public let reports: [StepReport]
    /// Faults apart from steps.
    public let complaints: [String]

    init(
        scenario: Scenario, verdict: Verdict, reports: [StepReport], complaints: [String]
    ) {
        self.scenario = scenario
        self.verdict = verdict
        self.reports = reports
        self.complaints = complaints
    }

    /// A scenario that cannot run here.
    public init(notRun scenario: Scenario, reason: String) {
        self.init(
            scenario: scenario, verdict: .notRun(reason: reason), reports: [], complaints: [])
    }

    /// Whether the run counts as a success.
    public var isAccepted: Bool {
        switch verdict {
        case .passed, .failedAsKnown, .notRun: true
        case .failed, .passedUnexpectedly: false
        }
    }

    /// For people: a line, and the differences if it failed.
    public var lines: [String] {
        let head = "\(scenario.file): \(scenario.title)"
        switch verdict {
        case .passed: return ["pass  \(head)"]
        case .notRun(let reason): return ["skip  \(head): \(reason)"]
        case .failedAsKnown(let reason): return ["known \(head): \(reason)"]
        case .passedUnexpectedly(let reason):
            return [
                "FAIL  \(head)",
                "    It passes, but is marked as known to fail: \(reason)",
            ]
        case .failed:
            return ["FAIL  \(head)"] + reports.flatMap(\.lines) + complaints.map { "    ! \($0)" }
        }
    }
}

/// A step that did not give its answers: expected and got, side by side.
public struct StepReport: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public let position: SourcePosition
        public let expected: String
        /// nil: the expected answer.
        public let got: String?
    }

    public let position: SourcePosition
    public let number: Int
    public let text: String
    public let rows: [Row]

    /// The first answer that is missing decides the place.
    public var lines: [String] {
        let place = rows.first { $0.got != nil }?.position ?? position
        let width = max(8, rows.map(\.expected.count).max() ?? 0)
        func padded(_ text: String) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        return ["\(place): step \(number): \(text)", "      \(padded("expected"))  got"]
            + rows.map { row in
                "    \(row.got == nil ? " " : "!") \(padded(row.expected))  "
                    + (row.got ?? "the same")
            }
    }
}
