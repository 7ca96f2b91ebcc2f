/// What a rule of the filter `policy` leaves to a person.
public struct QuestionReport: Codable, Sendable {
    /// What ``AnswerOrder`` is sent for.
    public var number: UInt64
    /// From the volume's root.
    public var path: String
    /// `read`, `write`, or several joined by `+`.
    public var operation: String
    /// The executable's path; nil if it is not known.
    public var program: String?
    public var process: Int32
    public var user: UInt32
    /// The profile's name, the line in it from 1, and what stands there.
    public var profile: String
    public var line: Int
    public var rule: String
    /// Requests that wait for the answer.
    public var waiting: Int

    public init(
        number: UInt64, path: String, operation: String, program: String?, process: Int32,
        user: UInt32, profile: String, line: Int, rule: String, waiting: Int
    ) {
        (self.number, self.path, self.operation) = (number, path, operation)
        (self.program, self.process, self.user) = (program, process, user)
        (self.profile, self.line, self.rule) = (profile, line, rule)
        self.waiting = waiting
    }
}

/// An answer to a question.
public struct AnswerOrder: Codable, Sendable {
    /// `allow` or `deny`.
    public var answer: String
    /// `once`, `session` or `always`.
    public var scope: String

    public init(answer: String, scope: String) {
        self.answer = answer
        self.scope = scope
    }
}

/// What the rules do to an operation on a path.
public struct PolicyVerdictReport: Codable, Sendable {
    public var operation: String
    /// `allow`, `read-only`, `ask`, `hide` or `deny`.
    public var action: String
    /// The rule that says so; nil where none is for it.
    public var profile: String?
    public var line: Int?
    public var rule: String?
    /// The name of the file that the rule is for, if the file has several.
    public var path: String

    public init(
        operation: String, action: String, profile: String?, line: Int?, rule: String?,
        path: String
    ) {
        (self.operation, self.action, self.path) = (operation, action, path)
        (self.profile, self.line, self.rule) = (profile, line, rule)
    }
}
