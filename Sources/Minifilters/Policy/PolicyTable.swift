import IOStack

/// Finds the rules for paths. Which patterns a path meets follows from the path alone, so it is
/// kept for the paths that were looked at last.
///
/// Any thread. Lock order: `known` is a leaf.
final class PolicyTable: Sendable {
    /// Paths that are kept, some 200 bytes each.
    private static let capacity = 32_768

    let rules: [PolicyRule]
    private let restricting: [PolicyRule]
    let hides: Bool
    let asks: Bool
    let asksForPrograms: Bool
    /// Indices of ``rules``, in their order.
    private let known = Guarded<[String: [UInt32]]>([:])

    init(_ rules: [PolicyRule]) {
        self.rules = rules
        restricting = rules.filter(\.restricts)
        hides = rules.contains { $0.action == .hide }
        asks = rules.contains { $0.action == .ask }
        asksForPrograms = rules.contains { $0.program != nil }
    }

    /// Some rule keeps somebody from something.
    var restricts: Bool { !restricting.isEmpty }

    /// The first rule for an operation on a path; nil allows it.
    func rule(
        for path: String, _ operation: PolicyOperations, _ actor: PolicyActor
    ) -> PolicyRule? {
        for index in indices(for: path) {
            let rule = rules[Int(index)]
            if rule.isFor(operation, actor) { return rule }
        }
        return nil
    }

    /// Some rule that can keep somebody from something is about the path.
    func restricts(_ path: String) -> Bool {
        indices(for: path).contains { rules[Int($0)].restricts }
    }

    /// A rule for files that would lie below `new` and that it is not for below `old`.
    func ruleForMore(
        below new: String, than old: String?, _ operations: PolicyOperations,
        _ actor: PolicyActor
    ) -> PolicyRule? {
        restricting.first { rule in
            operations.each.contains { rule.isFor($0, actor) && rule.action(for: $0) != .allow }
                && rule.meetsMore(below: new, than: old)
        }
    }

    /// Whether it makes a difference to any rule where a directory's files lie.
    func tells(_ one: String, from other: String) -> Bool {
        restricting.contains {
            $0.meetsMore(below: one, than: other) || $0.meetsMore(below: other, than: one)
        }
    }

    private func indices(for path: String) -> [UInt32] {
        // Strings of other characters are equal where their patterns may not be.
        guard path.utf8.allSatisfy({ $0 < 0x80 }) else { return found(for: path) }
        if let indices = known.withLock({ $0[path] }) { return indices }
        let indices = found(for: path)
        known.withLock { known in
            if known.count >= Self.capacity { known.removeAll(keepingCapacity: true) }
            known[path] = indices
        }
        return indices
    }

    private func found(for path: String) -> [UInt32] {
        rules.indices.filter { rules[$0].matches(path) }.map(UInt32.init)
    }
}
