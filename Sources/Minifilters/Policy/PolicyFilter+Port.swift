public import BypassIOProtocol
public import IOStack

// Programs that answer in a person's place: each gets every question, and the first answer counts.
extension PolicyFilter: PortFilter {
    private struct Put: Encodable {
        struct Question: Encodable {
            let number: UInt64
            let path: String
            let operation: String
            let program: String?
            let process: Int32
            let user: UInt32
            let profile: String
            let line: Int
            let rule: String
        }

        let question: Question
    }

    private struct Settled: Encodable {
        let settled: UInt64
        let allowed: Bool
    }

    private struct Refused: Encodable {
        let refused: String
        let number: UInt64
    }

    private struct Said: Decodable {
        let answer: String
        /// `once` where it is not said.
        let scope: String?
        /// Of a message that is no reply.
        let number: UInt64?
    }

    public func willConnect(
        _ connection: PortConnection, context: [UInt8]
    ) throws(NTStatus) {
        // In this order: a question that comes now is put twice rather than never.
        programs.withLock { $0.append(connection) }
        for question in questions { put(question, to: connection) }
    }

    public func didDisconnect(_ connection: PortConnection) {
        programs.withLock { $0.removeAll { $0 === connection } }
    }

    /// An answer that is no reply, such as a second one after the first could not be kept.
    public func didReceive(
        _ message: [UInt8], from connection: PortConnection
    ) throws(NTStatus) -> [UInt8] {
        guard let said: Said = PortMessage.value(message), let number = said.number else {
            throw .invalidParameter
        }
        guard let why = take(said, number) else {
            return PortMessage.bytes(Settled(settled: number, allowed: said.answer == "allow"))
        }
        return PortMessage.bytes(Refused(refused: why, number: number))
    }

    func putToPrograms(_ number: UInt64) {
        let programs = programs.withLock { $0 }
        guard !programs.isEmpty, let question = asked.question(number) else { return }
        for connection in programs { put(question, to: connection) }
    }

    func tellPrograms(_ question: PolicyQuestion, isAllowed: Bool) {
        let programs = programs.withLock { $0 }
        guard !programs.isEmpty else { return }
        let message = PortMessage.bytes(
            Settled(settled: question.number, allowed: isAllowed))
        for connection in programs { try? connection.send(message) }
    }

    /// A program that does not take its messages is not asked; the question's own time goes on.
    private func put(_ question: PolicyQuestion, to connection: PortConnection) {
        let number = question.number
        let message = PortMessage.bytes(
            Put(
                question: Put.Question(
                    number: number, path: question.path, operation: question.operation.words,
                    program: question.program, process: question.process, user: question.user,
                    profile: question.rule.profile, line: question.rule.line,
                    rule: question.rule.text)))
        try? connection.ask(message, within: surroundings.patience) {
            [weak self, weak connection] result in
            guard case .success(let bytes) = result, let self else { return }
            let said: Said? = PortMessage.value(bytes)
            guard let why = said.map({ self.take($0, number) }) ?? "It is no answer." else {
                return
            }
            try? connection?.send(PortMessage.bytes(Refused(refused: why, number: number)))
        }
    }

    /// Why the answer does not count; nil where it does.
    private func take(_ said: Said, _ number: UInt64) -> String? {
        guard ["allow", "deny"].contains(said.answer),
            let scope = PolicyAnswer.Scope(rawValue: said.scope ?? "once")
        else { return "It is allow or deny, for once, session or always." }
        do throws(PolicyAnswerError) {
            try answer(
                number, PolicyAnswer(isAllowed: said.answer == "allow", scope: scope))
            return nil
        } catch {
            guard case .notKept(let why) = error else { return "Nobody waits for it any more." }
            return why
        }
    }
}
