import IOStack

/// What rules do to an operation.
public struct PolicyVerdict: Sendable {
    public let operation: PolicyOperations
    public let action: PolicyAction
    /// nil: none is for it.
    public let rule: PolicyRule?
    /// The name that the rule is for.
    public let path: String
}

extension PolicyFilter {
    /// What is done to each operation on a path, by the names that are known of it.
    ///
    /// - Parameters:
    ///   - path: from the volume's root, without a slash at its beginning.
    ///   - program: an executable's path or name; nil for one that no rule names.
    ///   - user: the asker's number.
    public func verdicts(on path: String, program: String?, user: UInt32) -> [PolicyVerdict] {
        let actor = PolicyActor(user: user, process: 0, program: program ?? "")
        return table.verdicts(on: path, names.everyName(of: path), actor)
    }
}

extension PolicyProfile {
    /// The same, of profiles that no filter has yet.
    public static func verdicts(
        of profiles: [PolicyProfile], on path: String, program: String?, user: UInt32
    ) -> [PolicyVerdict] {
        let actor = PolicyActor(user: user, process: 0, program: program ?? "")
        return PolicyTable(profiles.flatMap(\.rules)).verdicts(on: path, [path], actor)
    }
}

extension PolicyTable {
    fileprivate func verdicts(
        on path: String, _ names: Set<String>, _ actor: PolicyActor
    ) -> [PolicyVerdict] {
        PolicyOperations.all.each.map { operation in
            var strictest: PolicyVerdict?
            for name in [path] + names.subtracting([path]).sorted() {
                let rule = rule(for: name, operation, actor)
                let one = PolicyVerdict(
                    operation: operation, action: rule?.action(for: operation) ?? .allow,
                    rule: rule, path: name)
                guard let known = strictest else {
                    strictest = one
                    continue
                }
                if one.action.strictness > known.action.strictness { strictest = one }
            }
            return strictest
                ?? PolicyVerdict(operation: operation, action: .allow, rule: nil, path: path)
        }
    }
}
