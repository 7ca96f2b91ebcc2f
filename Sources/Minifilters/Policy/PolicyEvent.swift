/// What a rule did, for whoever keeps a record.
public struct PolicyEvent: Sendable {
    public enum Outcome: String, Sendable {
        /// By the rule.
        case denied
        /// It waits for an answer.
        case asked
        case answeredYes
        case answeredNo
        /// No answer came in time, or no more questions have room.
        case unanswered
    }

    public let outcome: Outcome
    public let path: String
    public let operation: PolicyOperations
    public let rule: PolicyRule
    /// nil if it is not known.
    public let program: String?
    public let process: Int32
    public let user: UInt32

    /// Why, in a sentence.
    public var reason: String {
        switch outcome {
        case .denied: "The rule of \(rule.place)"
        case .asked: "Asked by \(rule.place)"
        case .answeredYes: "It was answered with yes: \(rule.place)"
        case .answeredNo: "It was answered with no: \(rule.place)"
        case .unanswered: "Nobody answered in time: \(rule.place)"
        }
    }
}

/// How often rules did what.
public struct PolicyCounts: Sendable, Equatable {
    public var denied: UInt64 = 0
    public var asked: UInt64 = 0
    public var answeredYes: UInt64 = 0
    public var answeredNo: UInt64 = 0
    public var unanswered: UInt64 = 0
}
