import BypassIOProtocol
public import IOStack

/// Decides by the names of files what programs may do to them, before they do it.
///
/// A decision falls at the open, for the name by which a file is opened and for every other name
/// that is known of it: other links, and names from before a rename. The strictest holds. Reads and
/// writes do not come here, so files that may be opened are read and bypass as if there were no
/// filter, by the kernel's route, too.
///
/// Usable from any thread. Requests that wait for a person are pended.
public final class PolicyFilter: Filter {
    public let name = "policy"
    /// Lies in FSFilter Activity Monitor, above audits.
    public let altitude = Altitude(integer: 385_300)
    public let supportedFeatures: FilterRegistration.Features = .bypassIO

    /// What the filter needs beside the volume.
    public struct Surroundings: Sendable {
        /// The path of a process' executable; nil if it is not known. It may be called for any
        /// thread's number, on any thread.
        public var program: @Sendable (Int32) -> String?
        /// The number by which people and rules know a user, for the number that a request has.
        public var user: @Sendable (UInt32) -> UInt32
        /// Gets each decision that kept somebody from something, and each question, on the thread
        /// that made it. It must neither wait nor send requests.
        public var report: @Sendable (PolicyEvent) -> Void
        /// Writes a rule down that a person made; throws a ``PolicyAnswerError`` where it cannot.
        public var keep: @Sendable (String) throws(PolicyAnswerError) -> Void
        /// How long a question waits for its answer.
        public var patience: Duration

        public init(
            program: @escaping @Sendable (Int32) -> String? = { _ in nil },
            user: @escaping @Sendable (UInt32) -> UInt32 = { $0 },
            report: @escaping @Sendable (PolicyEvent) -> Void = { _ in },
            keep: @escaping @Sendable (String) throws(PolicyAnswerError) -> Void = {
                (_: String) throws(PolicyAnswerError) in
                throw PolicyAnswerError.notKept("There is no file for answers.")
            },
            patience: Duration = .seconds(60)
        ) {
            self.program = program
            self.user = user
            self.report = report
            self.keep = keep
            self.patience = patience
        }
    }

    let table: PolicyTable
    let names = KnownNames()
    let asked = PolicyQuestions()
    let surroundings: Surroundings
    let counted = Guarded(PolicyCounts())
    public let port = CommunicationPort(name: "policy")
    /// That are connected, or about to be. A leaf.
    let programs = Guarded<[PortConnection]>([])

    /// - Parameters:
    ///   - profiles: the rules of the first come first.
    ///   - surroundings: what the filter needs of others.
    public init(_ profiles: [PolicyProfile], _ surroundings: Surroundings = Surroundings()) {
        table = PolicyTable(profiles.flatMap(\.rules))
        self.surroundings = surroundings
    }

    public var counts: PolicyCounts { counted.withLock { $0 } }
    public var rules: [PolicyRule] { table.rules }

    func tell(
        _ outcome: PolicyEvent.Outcome, _ path: String, _ operation: PolicyOperations,
        _ rule: PolicyRule, _ actor: PolicyActor
    ) {
        counted.withLock { counts in
            switch outcome {
            case .denied: counts.denied += 1
            case .asked: counts.asked += 1
            case .answeredYes: counts.answeredYes += 1
            case .answeredNo: counts.answeredNo += 1
            case .unanswered: counts.unanswered += 1
            }
        }
        surroundings.report(
            PolicyEvent(
                outcome: outcome, path: path, operation: operation, rule: rule,
                program: actor.program, process: actor.process, user: actor.user))
    }

    // MARK: Questions

    /// That wait now, the oldest first.
    public var questions: [PolicyQuestion] { asked.all }

    /// Throws where there is no such question any more. Where the answer cannot be kept for good,
    /// the question stays.
    @discardableResult
    public func answer(
        _ number: UInt64, _ answer: PolicyAnswer
    ) throws(PolicyAnswerError) -> PolicyQuestion {
        guard let question = asked.question(number) else { throw .noSuchQuestion }
        if answer.scope == .always {
            guard let text = question.ruleText(answer) else {
                throw .notKept("A line of a profile cannot have such a name.")
            }
            try surroundings.keep(text)
        }
        guard
            let settled = asked.settle(
                number, isAllowed: answer.isAllowed, isKept: answer.scope != .once)
        else { throw .noSuchQuestion }
        tell(answer.isAllowed ? .answeredYes : .answeredNo, settled)
        return settled
    }

    private func tell(_ outcome: PolicyEvent.Outcome, _ question: PolicyQuestion) {
        tellPrograms(question, isAllowed: outcome == .answeredYes)
        tell(
            outcome, question.path, question.operation, question.rule,
            PolicyActor(
                user: question.user, process: question.process, program: question.program))
    }

    /// Keeps a request until its question is answered.
    func ask<Request: PreOperation>(
        _ request: Request, _ decision: PolicyDecision, _ answer: PreOperationAnswer
    ) -> PreOperationAnswer {
        let key = PolicyQuestions.Key(
            path: decision.path, operation: decision.operation, program: decision.actor.program,
            user: decision.actor.user)
        if let known = asked.answer(to: key) {
            guard known else { return refuse(decision, .answeredNo) }
            return answer
        }
        let waiting = PolicyQuestions.Waiting(
            instance: ObjectIdentifier(request.instance),
            resume: { isAllowed in request.resume(isAllowed ? answer : .fail(.accessDenied)) })
        guard let ticket = asked.ask(key, decision.actor, decision.rule, waiting) else {
            return refuse(decision, .unanswered)
        }
        if ticket.isNew {
            tell(.asked, decision.path, decision.operation, decision.rule, decision.actor)
            expire(ticket.question)
            putToPrograms(ticket.question)
        }
        let cancel: @Sendable () -> Void = { [weak self] in
            if self?.asked.withdraw(ticket) == true { request.resume(.fail(.cancelled)) }
        }
        if request.data.setCancelHandler(request.instance, cancel) == .cancelled { cancel() }
        return .pend
    }

    private func expire(_ number: UInt64) {
        DelayedCall.after(surroundings.patience) { [weak self] in
            guard let self, let late = asked.settle(number, isAllowed: false, isKept: false)
            else { return }
            tell(.unanswered, late)
        }
    }

    func refuse(
        _ decision: PolicyDecision, _ outcome: PolicyEvent.Outcome
    ) -> PreOperationAnswer {
        if decision.isHidden { return .fail(.objectNameNotFound) }
        tell(outcome, decision.path, decision.operation, decision.rule, decision.actor)
        return .fail(.accessDenied)
    }

    // MARK: Coming and going

    public func willDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        asked.leave(ObjectIdentifier(instance))
    }

    public func didDetach(
        _ instance: FilterInstance, _ reason: FilterRegistration.TeardownReason
    ) {
        asked.forget(ObjectIdentifier(instance))
    }
}
