import BypassIOProtocol

extension ControlRoute {
    /// What waits for a person.
    static let questions = ControlRoute("GET", "/v1/questions") { request throws(Refusal) in
        ControlAnswer(
            try await request.context.look { volume throws(ControlFault) in volume.questions() })
    }

    /// A person's answer.
    static let answer = ControlRoute("POST", "/v1/questions/{number}") { request throws(Refusal) in
        let text = try request.parameter("number")
        guard let number = UInt64(text) else {
            throw ControlFault(400, "malformed-path", "\(text) is no number of a question.")
        }
        let order: AnswerOrder = try request.decoded()
        return ControlAnswer(
            try await request.context.look { volume throws(ControlFault) in
                try volume.answer(number, order)
            })
    }

    /// What the rules do to a path.
    static let policy = ControlRoute("GET", "/v1/policy") { request throws(Refusal) in
        guard let path = request.query["path"] else {
            throw ControlFault(400, "malformed-query", "path is missing.")
        }
        let user = try request.number("user").map { UInt32(clamping: $0) }
        let program = request.query["program"]
        return ControlAnswer(
            try await request.context.look { volume throws(ControlFault) in
                try volume.verdicts(on: path, program: program, user: user ?? 0)
            })
    }
}
