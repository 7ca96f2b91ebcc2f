import IOStack

/// A rule, from the words of its line.
extension PolicyRule {
    /// What a line says, beside its action.
    fileprivate struct Conditions {
        var patterns: [Pattern] = []
        var operations: PolicyOperations?
        var program: String?
        var user: UInt32?
    }

    fileprivate static let keys = ["on", "program", "user"]

    init(
        _ words: [PolicyLine.Word], profile: String, line: Int, text: String,
        user: (String) -> UInt32?
    ) throws(PolicyProfileError) {
        let first = words[0]
        guard let action = PolicyAction(rawValue: first.text), !first.isQuoted else {
            throw PolicyProfileError(
                line: line, column: first.column,
                message: "\(first.text) is no action; expected "
                    + PolicyAction.allCases.map(\.rawValue).joined(separator: ", "))
        }
        var conditions = Conditions()
        for word in words.dropFirst() {
            do throws(Refusal) {
                try conditions.take(word, user)
            } catch {
                throw PolicyProfileError(line: line, column: word.column, message: error.message)
            }
        }
        guard conditions.patterns.contains(where: { !$0.isNegated }) else {
            let last = words[words.count - 1]
            throw PolicyProfileError(
                line: line, column: last.column + last.text.count,
                message: "\(action.rawValue) is for no file; expected a pattern, such as *.pem")
        }
        if conditions.operations != nil, action == .hide || action == .readOnly {
            let word = words.first { $0.text.hasPrefix("on=") } ?? first
            throw PolicyProfileError(
                line: line, column: word.column,
                message: "\(action.rawValue) says itself which operations it is for; expected no "
                    + "on=, or the action deny")
        }
        self.init(
            action: action, patterns: conditions.patterns,
            operations: conditions.operations ?? .all, program: conditions.program,
            user: conditions.user, profile: profile, line: line, text: text)
    }

    fileprivate struct Refusal: Error { let message: String }

    fileprivate static func pattern(
        _ word: PolicyLine.Word
    ) throws(Refusal) -> Pattern {
        let isNegated = word.text.hasPrefix("!") && !word.isQuoted
        let text = isNegated ? String(word.text.dropFirst()) : word.text
        let isTree = text.hasSuffix("/") && text != "/"
        let stem = isTree ? String(text.dropLast()) : text
        let start = stem.hasPrefix("/") ? stem : "**/" + stem
        var globs: [PathPattern] = []
        for one in isTree ? [start, start + "/**"] : [start] {
            guard !stem.isEmpty, stem != "/", let glob = PathPattern(one) else {
                throw Refusal(
                    message: "\(word.text) is no pattern; expected a name or a path with *, **, ? "
                        + "and closed sets, of at most \(PathPattern.longest - 6) characters")
            }
            globs.append(glob)
        }
        return Pattern(
            text: word.text, column: word.column, isNegated: isNegated, globs: globs)
    }
}

extension PolicyRule.Conditions {
    fileprivate mutating func take(
        _ word: PolicyLine.Word, _ user: (String) -> UInt32?
    ) throws(PolicyRule.Refusal) {
        guard !word.isQuoted, let (key, value) = word.pair else {
            return patterns.append(try PolicyRule.pattern(word))
        }
        guard PolicyRule.keys.contains(key) else {
            throw PolicyRule.Refusal(
                message: "\(key)= says nothing; expected on=, program= or user=, or the pattern in "
                    + "quotes")
        }
        guard !value.isEmpty else {
            throw PolicyRule.Refusal(message: "\(key)= has no value; expected one")
        }
        switch key {
        case "on":
            guard operations == nil, let found = PolicyOperations(words: value) else {
                throw PolicyRule.Refusal(
                    message: "\(word.text) is not understood; expected once on= with "
                        + PolicyOperations.named.map(\.name).joined(separator: ", ")
                        + ", joined by +")
            }
            operations = found
        case "program":
            guard program == nil else {
                throw PolicyRule.Refusal(message: "a second program=; expected another rule")
            }
            program = value
        default:
            guard self.user == nil, let number = UInt32(value) ?? user(value) else {
                throw PolicyRule.Refusal(
                    message: "\(word.text) is not understood; expected once user= with the name or "
                        + "number of a user")
            }
            self.user = number
        }
    }
}

extension PolicyLine.Word {
    /// Of `key=value`, where the key is a word of letters.
    fileprivate var pair: (key: String, value: String)? {
        guard let sign = text.firstIndex(of: "="), sign != text.startIndex,
            text[..<sign].allSatisfy({ $0.isASCII && $0.isLetter })
        else { return nil }
        return (String(text[..<sign]), String(text[text.index(after: sign)...]))
    }
}
