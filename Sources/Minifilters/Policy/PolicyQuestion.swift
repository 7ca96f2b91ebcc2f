import BypassIOProtocol
import IOStack

/// What a rule leaves to a person.
public struct PolicyQuestion: Sendable {
    public let number: UInt64
    public let path: String
    public let operation: PolicyOperations
    /// nil if it is not known.
    public let program: String?
    public let process: Int32
    public let user: UInt32
    public let rule: PolicyRule
    public let asked: ContinuousClock.Instant
    /// Requests that wait for the answer.
    public let waiting: Int
}

/// An answer to a question.
public struct PolicyAnswer: Sendable, Equatable {
    /// For how long it holds, for the same path, operation, program and user.
    public enum Scope: String, CaseIterable, Sendable {
        /// For the requests that wait now.
        case once
        /// Until the filter goes.
        case session
        /// It becomes a rule.
        case always
    }

    public var isAllowed: Bool
    public var scope: Scope

    public init(isAllowed: Bool, scope: Scope) {
        self.isAllowed = isAllowed
        self.scope = scope
    }
}

/// Why an answer does not hold.
public enum PolicyAnswerError: Error, Sendable {
    /// It was answered, its time is over, or its programs wait no more.
    case noSuchQuestion
    /// There is no place for rules that last, or it cannot be written; in a sentence.
    case notKept(String)
}

extension PolicyQuestion {
    /// The rule that answers it for good; nil if a line cannot have its names.
    func ruleText(_ answer: PolicyAnswer) -> String? {
        let names = [path, program ?? ""].joined()
        guard names.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }),
            !names.contains("\u{FFFD}")
        else { return nil }
        var text = "\(answer.isAllowed ? "allow" : "deny") on=\(operation.words) "
        text += "\"/\(path.escapedForPattern)\""
        if let program {
            guard !program.contains(where: { "\"\\".contains($0) }) else { return nil }
            text += " program=\"\(program)\""
        }
        return text + " user=\(user)"
    }
}

extension String {
    /// A pattern that only this path meets.
    fileprivate var escapedForPattern: String {
        var text = ""
        for character in self {
            if "\\*?[]\"".contains(character) { text.append("\\") }
            text.append(character)
        }
        return text
    }
}
