import BypassIOProtocol

extension ControlRoute {
    /// Who answers.
    static let service = ControlRoute("GET", "/v1/service") { request throws(Refusal) in
        let clients = request.context.clients()
        return ControlAnswer(
            try await request.context.look { volume throws(ControlFault) in
                volume.identity(clients)
            })
    }

    /// What `bypassio filters --json` prints.
    static let volume = ControlRoute("GET", "/v1/volume") { request throws(Refusal) in
        ControlAnswer(
            try await request.context.look { volume throws(ControlFault) in try volume.report() })
    }
}
