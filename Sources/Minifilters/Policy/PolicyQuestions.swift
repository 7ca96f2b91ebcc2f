import BypassIOProtocol
import IOStack

/// Requests that wait for a person, and the answers that hold.
///
/// A request that waits is pended: it takes no thread. Requests for the same are one question. An
/// answer that does not come in time is no.
///
/// Any thread. Lock order: `state` is a leaf; no request goes on under it.
final class PolicyQuestions: Sendable {
    /// What an answer is about.
    struct Key: Hashable, Sendable {
        let path: String
        let operation: PolicyOperations
        let program: String?
        let user: UInt32
    }

    /// A request that waits.
    struct Waiting: Sendable {
        let instance: ObjectIdentifier
        /// With true the request goes on.
        let resume: @Sendable (Bool) -> Void
    }

    private struct Pending {
        let question: PolicyQuestion
        let key: Key
        var waiting: [UInt64: Waiting]
    }

    private struct State {
        var pending: [UInt64: Pending] = [:]
        var answers: [Key: Bool] = [:]
        var last: UInt64 = 0
        /// Of questions that a service before this one asked, and nobody answered.
        var earlier: [Key: UInt64] = [:]
        var leaving: Set<ObjectIdentifier> = []
    }

    /// Questions at a time; further ones are no.
    static let capacity = 256
    /// Answers that are kept for the session.
    private static let answerCapacity = 65_536

    private let state = Guarded(State())

    var all: [PolicyQuestion] {
        state.withLock { state in
            state.pending.values.map { one in
                PolicyQuestion(one.question, waiting: one.waiting.count)
            }.sorted { $0.number < $1.number }
        }
    }

    func answer(to key: Key) -> Bool? { state.withLock { $0.answers[key] } }

    /// The place of a request in the questions.
    struct Ticket: Sendable {
        let question: UInt64
        fileprivate let number: UInt64
        /// It is the first of its question.
        let isNew: Bool
    }

    /// nil: there is no room, or the instance goes.
    func ask(
        _ key: Key, _ actor: PolicyActor, _ rule: PolicyRule, _ waiting: Waiting
    ) -> Ticket? {
        state.withLock { state in
            guard !state.leaving.contains(waiting.instance) else { return nil }
            state.last += 1
            let number = state.last
            if let place = state.pending.first(where: { $0.value.key == key })?.key {
                state.pending[place]?.waiting[number] = waiting
                return Ticket(question: place, number: number, isNew: false)
            }
            guard state.pending.count < Self.capacity else { return nil }
            let place = state.earlier.removeValue(forKey: key) ?? number
            let question = PolicyQuestion(
                number: place, path: key.path, operation: key.operation, program: key.program,
                process: actor.process, user: actor.user, rule: rule,
                asked: ContinuousClock.now, waiting: 1)
            state.pending[place] = Pending(
                question: question, key: key, waiting: [number: waiting])
            return Ticket(question: place, number: number, isNew: true)
        }
    }

    /// The program waits no more: its request fails. nil if it goes on already.
    func withdraw(_ ticket: Ticket) -> Bool {
        state.withLock { state in
            guard state.pending[ticket.question]?.waiting.removeValue(forKey: ticket.number) != nil
            else { return false }
            if state.pending[ticket.question]?.waiting.isEmpty == true {
                state.pending[ticket.question] = nil
            }
            return true
        }
    }

    func question(_ number: UInt64) -> PolicyQuestion? { all.first { $0.number == number } }

    /// Lets what waits for the question go on, or fail. The question as it was; nil if there is no
    /// such one.
    func settle(_ number: UInt64, isAllowed: Bool, isKept: Bool) -> PolicyQuestion? {
        let settled = state.withLock { state -> Pending? in
            guard let one = state.pending.removeValue(forKey: number) else { return nil }
            if isKept {
                if state.answers.count >= Self.answerCapacity { state.answers.removeAll() }
                state.answers[one.key] = isAllowed
            }
            return one
        }
        guard let settled else { return nil }
        for one in settled.waiting.values { one.resume(isAllowed) }
        return PolicyQuestion(settled.question, waiting: settled.waiting.count)
    }

    /// No question of the instance waits any more, and none will.
    func leave(_ instance: ObjectIdentifier) {
        let gone = state.withLock { state -> [Waiting] in
            state.leaving.insert(instance)
            var gone: [Waiting] = []
            for (place, one) in state.pending {
                gone += one.waiting.values.filter { $0.instance == instance }
                let kept = one.waiting.filter { $0.value.instance != instance }
                state.pending[place]?.waiting = kept
                if kept.isEmpty { state.pending[place] = nil }
            }
            return gone
        }
        for one in gone { one.resume(false) }
    }

    func forget(_ instance: ObjectIdentifier) {
        state.withLock { _ = $0.leaving.remove(instance) }
    }

    // MARK: Another process

    /// What is known beside the requests that wait: those are sent again.
    struct Known: Sendable {
        var answers: [Key: Bool]
        /// By what they are about.
        var questions: [Key: UInt64]
        var last: UInt64
    }

    var known: Known {
        state.withLock { state in
            let asked = state.pending.map { ($0.value.key, $0.key) }
            return Known(
                answers: state.answers,
                questions: state.earlier.merging(asked) { $1 }, last: state.last)
        }
    }

    func restore(_ known: Known) {
        state.withLock { state in
            state.answers = known.answers
            state.earlier = known.questions
            state.last = known.last
        }
    }
}

extension PolicyQuestion {
    fileprivate init(_ question: PolicyQuestion, waiting: Int) {
        self.init(
            number: question.number, path: question.path, operation: question.operation,
            program: question.program, process: question.process, user: question.user,
            rule: question.rule, asked: question.asked, waiting: waiting)
    }
}
