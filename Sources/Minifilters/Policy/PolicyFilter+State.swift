import BypassIOProtocol
public import IOStack

/// After a restart the names from before a rename still count, and so do answers for the session.
/// A question that waits is asked again, with its number: the kernel sends its request again.
extension PolicyFilter: StatefulFilter {
    public var stateVersion: UInt32 { 1 }

    /// Names come before answers, where not all has room: without an answer a question is asked
    /// once more, without a name a file would lose its rule.
    public func savedState() -> [UInt8] {
        let known = asked.known
        let whole = written(known)
        guard whole.count > SavedFilterState.capacity else { return whole }
        var fewer = known
        fewer.answers = [:]
        return written(fewer)
    }

    private func written(_ known: PolicyQuestions.Known) -> [UInt8] {
        var state = StateWriter()
        names.write(to: &state)
        let counts = counts
        for count in [
            counts.denied, counts.asked, counts.answeredYes, counts.answeredNo, counts.unanswered,
        ] {
            state.long(count)
        }
        state.long(known.last)
        state.list(known.questions) { state, question in
            question.key.write(to: &state)
            state.long(question.value)
        }
        state.list(known.answers) { state, answer in
            answer.key.write(to: &state)
            state.flag(answer.value)
        }
        return state.bytes
    }

    public func restore(_ state: [UInt8]) throws {
        var reader = StateReader(state)
        let names = try KnownNames.saved(&reader)
        let counts = PolicyCounts(
            denied: try reader.long(), asked: try reader.long(), answeredYes: try reader.long(),
            answeredNo: try reader.long(), unanswered: try reader.long())
        let last = try reader.long()
        let questions = try reader.list { (reader) throws(StateReader.Malformed) in
            (try PolicyQuestions.Key(&reader), try reader.long())
        }
        let answers = try reader.list { (reader) throws(StateReader.Malformed) in
            (try PolicyQuestions.Key(&reader), try reader.flag())
        }
        guard reader.isAtEnd, questions.allSatisfy({ $0.1 <= last }) else {
            throw StateReader.Malformed()
        }
        self.names.take(names)
        counted.withLock { $0 = counts }
        asked.restore(
            PolicyQuestions.Known(
                answers: Dictionary(answers) { $1 }, questions: Dictionary(questions) { $1 },
                last: last))
    }
}

extension PolicyQuestions.Key {
    fileprivate func write(to state: inout StateWriter) {
        state.text(path)
        state.byte(operation.rawValue)
        state.optional(program) { $0.text($1) }
        state.word(user)
    }

    fileprivate init(_ reader: inout StateReader) throws(StateReader.Malformed) {
        self.init(
            path: try reader.string(), operation: PolicyOperations(rawValue: try reader.byte()),
            program: try reader.optional { (reader) throws(StateReader.Malformed) in
                try reader.string()
            }, user: try reader.word())
    }
}
