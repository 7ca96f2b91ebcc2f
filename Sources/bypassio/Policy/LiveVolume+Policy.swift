import BypassIOProtocol
import ControlInterface
import IOStack
import Minifilters

/// The rules of a mount, for who asks and answers.
extension LiveVolume {
    private var policies: [PolicyFilter] { live.loaded.compactMap(\.policy) }

    func questions() -> [QuestionReport] {
        policies.flatMap(\.questions).map { QuestionReport($0) }
    }

    func answer(
        _ question: UInt64, _ order: AnswerOrder
    ) throws(ControlFault) -> QuestionReport {
        guard ["allow", "deny"].contains(order.answer),
            let scope = PolicyAnswer.Scope(rawValue: order.scope)
        else {
            throw ControlFault(
                400, "malformed-body",
                "\(order.answer) for \(order.scope) is no answer: it is allow or deny, for once, "
                    + "session or always.")
        }
        let answer = PolicyAnswer(isAllowed: order.answer == "allow", scope: scope)
        for policy in policies {
            do throws(PolicyAnswerError) {
                return QuestionReport(try policy.answer(question, answer))
            } catch {
                guard case .notKept(let why) = error else { continue }
                throw ControlFault(
                    409, "not-kept", "The answer cannot hold for good. \(why)",
                    advice: "Answer for the session, or mount with policy,answers=FILE.")
            }
        }
        throw ControlFault(
            404, "no-such-question", "There is no question \(question).",
            advice: "It was answered, its time was over, or its program waits no more.")
    }

    func verdicts(
        on path: String, program: String?, user: UInt32
    ) throws(ControlFault) -> [PolicyVerdictReport] {
        guard let policy = policies.first else {
            throw ControlFault(
                404, "no-policy", "No filter policy is attached.",
                advice: "bypassio attach policy,profile=FILE MOUNTPOINT attaches one.")
        }
        return policy.verdicts(on: path, program: program, user: user).map {
            PolicyVerdictReport($0)
        }
    }
}

extension QuestionReport {
    fileprivate init(_ question: PolicyQuestion) {
        self.init(
            number: question.number, path: question.path, operation: question.operation.words,
            program: question.program, process: question.process, user: question.user,
            profile: question.rule.profile, line: question.rule.line, rule: question.rule.text,
            waiting: question.waiting)
    }
}

extension PolicyVerdictReport {
    init(_ verdict: PolicyVerdict) {
        self.init(
            operation: verdict.operation.words, action: verdict.action.rawValue,
            profile: verdict.rule?.profile, line: verdict.rule?.line, rule: verdict.rule?.text,
            path: verdict.path)
    }
}

extension ServiceLog {
    /// What a rule did, or asks.
    func decided(_ event: PolicyEvent) {
        let program = event.program ?? "process \(event.process)"
        let what = "\(event.operation.words) of \(event.path)"
        let text =
            switch event.outcome {
            case .denied: "policy denied \(program) the \(what)"
            case .asked: "policy asks: may \(program) have the \(what)?"
            case .answeredYes: "policy was told that \(program) may have the \(what)"
            case .answeredNo: "policy was told that \(program) may not have the \(what)"
            case .unanswered: "nobody answered whether \(program) may have the \(what)"
            }
        let isNo = event.outcome != .asked && event.outcome != .answeredYes
        record(
            isNo ? .denied : .asked, .notice,
            of: "\(event.outcome.rawValue) \(event.path) \(event.operation.words) \(program)",
            "\(text) (\(event.rule.place))"
        ) { told in
            told.driver = "policy"
            told.path = event.path
            told.operation = event.operation.words
            told.reason = "\(event.reason)."
            told.cause = event.outcome.rawValue
        }
    }
}
