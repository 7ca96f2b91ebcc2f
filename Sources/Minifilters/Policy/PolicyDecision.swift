import BypassIOProtocol
import IOStack

/// A rule that does not simply let a request go on.
struct PolicyDecision: Sendable {
    let rule: PolicyRule
    let action: PolicyAction
    /// The name that brought it, and is told.
    let path: String
    var operation: PolicyOperations
    let actor: PolicyActor
    /// The name by which the request came is hidden itself.
    var isHidden = false
}

/// Finds the strictest rule for all that a request does and all names of its file.
extension PolicyFilter {
    func actor(_ requestor: Requestor) -> PolicyActor {
        PolicyActor(
            user: surroundings.user(requestor.userID), process: requestor.processID,
            program: table.asksForPrograms ? surroundings.program(requestor.processID) : nil)
    }

    /// nil: it goes on.
    ///
    /// - Parameters:
    ///   - path: the name by which the request came.
    ///   - others: further names of the file.
    func decide(
        _ path: String, _ others: Set<String> = [], _ operations: PolicyOperations,
        _ requestor: Requestor
    ) -> PolicyDecision? {
        // Nearly every file has no rule but those that allow.
        guard table.restricts(path) || others.contains(where: { table.restricts($0) }) else {
            return nil
        }
        let actor = actor(requestor)
        var found: PolicyDecision?
        for name in [path] + others.subtracting([path]).sorted() {
            for operation in operations.each {
                let one = decision(name, operation, actor, isOwn: name == path)
                found = PolicyDecision.stricter(found, one)
            }
        }
        return found.map(withProgram)
    }

    private func decision(
        _ path: String, _ operation: PolicyOperations, _ actor: PolicyActor, isOwn: Bool
    ) -> PolicyDecision? {
        guard let rule = table.rule(for: path, operation, actor) else { return nil }
        let action = rule.action(for: operation)
        guard action != .allow else { return nil }
        return PolicyDecision(
            rule: rule, action: action, path: path, operation: operation, actor: actor,
            isHidden: action == .hide && isOwn)
    }

    /// A directory or a link to one comes to be at `path`, with all that is below.
    func decideBelow(
        _ path: String, from old: String?, _ operations: PolicyOperations,
        _ requestor: Requestor
    ) -> PolicyDecision? {
        guard table.restricts else { return nil }
        let actor = actor(requestor)
        guard let rule = table.ruleForMore(below: path, than: old, operations, actor),
            let operation = operations.each.first(where: { rule.action(for: $0) != .allow })
        else { return nil }
        return withProgram(
            PolicyDecision(
                rule: rule, action: rule.action(for: operation), path: path, operation: operation,
                actor: actor))
    }

    /// A file that has no name here is nobody's if there are rules.
    func decideNameless(
        _ path: String, _ operations: PolicyOperations, _ requestor: Requestor
    ) -> PolicyDecision? {
        guard let rule = table.rules.first(where: \.restricts) else { return nil }
        return withProgram(
            PolicyDecision(
                rule: rule, action: .deny, path: path, operation: operations,
                actor: actor(requestor)))
    }

    /// People want to know the program even where no rule asks for it.
    private func withProgram(_ decision: PolicyDecision) -> PolicyDecision {
        guard decision.actor.program == nil else { return decision }
        let actor = decision.actor
        return PolicyDecision(
            rule: decision.rule, action: decision.action, path: decision.path,
            operation: decision.operation,
            actor: PolicyActor(
                user: actor.user, process: actor.process,
                program: surroundings.program(actor.process)), isHidden: decision.isHidden)
    }

    /// What is done about a request that a rule is for.
    func carryOut<Request: PreOperation>(
        _ decision: PolicyDecision?, _ request: Request, _ answer: PreOperationAnswer
    ) -> PreOperationAnswer {
        guard let decision else { return answer }
        return decision.action == .ask
            ? ask(request, decision, answer) : refuse(decision, .denied)
    }
}

extension PolicyDecision {
    /// Of two that ask, the operations of both are asked about.
    static func stricter(_ one: PolicyDecision?, _ other: PolicyDecision?) -> PolicyDecision? {
        guard var one, let other else { return one ?? other }
        if other.action.strictness > one.action.strictness { return other }
        if one.action == .ask, other.action == .ask, one.path == other.path {
            one.operation.formUnion(other.operation)
        }
        return one
    }
}
