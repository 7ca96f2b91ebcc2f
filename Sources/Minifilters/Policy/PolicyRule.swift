import IOStack

/// A line of a profile: an action, the files that it is for, and whom it is for.
public struct PolicyRule: Sendable {
    /// A pattern as the profile has it.
    public struct Pattern: Sendable {
        public let text: String
        /// Where it begins in its line, from 1.
        public let column: Int
        /// It takes files out of what the rule's other patterns are for.
        public let isNegated: Bool
        /// More than one for a pattern that ends in a slash.
        let globs: [PathPattern]

        public func matches(_ path: String) -> Bool { globs.contains { $0.matches(path) } }
    }

    public let action: PolicyAction
    public let patterns: [Pattern]
    /// Other operations go on to the next rule.
    public let operations: PolicyOperations
    /// The end of the executable's path, or all of it; nil for every program.
    public let program: String?
    /// nil for every user.
    public let user: UInt32?
    /// The profile's name.
    public let profile: String
    /// From 1.
    public let line: Int
    /// The line without what is around it.
    public let text: String

    /// Where it stands and what it says, for people.
    public var place: String { "\(profile), line \(line): \(text)" }

    /// It can keep somebody from something.
    var restricts: Bool { action != .allow }

    /// - Parameter path: from the volume's root, without a slash at its beginning.
    public func matches(_ path: String) -> Bool {
        var isMet = false
        for pattern in patterns where pattern.isNegated || !isMet {
            guard pattern.matches(path) else { continue }
            if pattern.isNegated { return false }
            isMet = true
        }
        return isMet
    }

    /// Whether a directory at `new` would have files below that the rule is for, which are not
    /// those that it is for below `old`. Negated patterns do not count.
    func meetsMore(below new: String, than old: String?) -> Bool {
        patterns.contains { pattern in
            !pattern.isNegated && pattern.globs.contains { $0.meetsMore(below: new, than: old) }
        }
    }

    /// What the rule does to an operation that it is for.
    func action(for operation: PolicyOperations) -> PolicyAction {
        guard action == .readOnly else { return action }
        return PolicyOperations.harmless.contains(operation) ? .allow : .readOnly
    }

    func isFor(_ operation: PolicyOperations, _ actor: PolicyActor) -> Bool {
        guard operations.contains(operation) else { return false }
        if let user, user != actor.user { return false }
        guard let program else { return true }
        // Of a process that is gone the program is not known: then nothing is allowed for it.
        guard let path = actor.program else { return restricts }
        return path == program || (!program.contains("/") && path.lastName == program)
    }
}

/// On whose behalf a request comes.
struct PolicyActor: Sendable {
    let user: UInt32
    let process: Int32
    /// The executable's path; nil if it is not known, or if no rule asks for it.
    let program: String?
}

extension String {
    fileprivate var lastName: Substring {
        self[(lastIndex(of: "/").map { index(after: $0) } ?? startIndex)...]
    }
}
