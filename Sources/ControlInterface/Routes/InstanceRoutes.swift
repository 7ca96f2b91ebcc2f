import BypassIOProtocol

extension ControlRoute {
    /// `fltmc instances`.
    static let instances = ControlRoute("GET", "/v1/instances") { request throws(Refusal) in
        ControlAnswer(
            try await request.context.look { volume throws(ControlFault) in volume.instances() })
    }

    /// `fltmc attach`.
    static let attach = ControlRoute("POST", "/v1/instances") { request throws(Refusal) in
        let order: AttachOrder = try request.decoded()
        return ControlAnswer(
            try await request.context.change(late: .stillAttaching(order.filter)) {
                volume throws(ControlFault) in try volume.attach(order)
            }, status: 201)
    }

    /// `fltmc detach`.
    static let detach = ControlRoute("DELETE", "/v1/instances/{name}") { request throws(Refusal) in
        let name = try request.parameter("name")
        let isForced = try request.flag("force")
        return ControlAnswer(
            try await request.context.change(late: .stillDetaching(name)) {
                volume throws(ControlFault) in try volume.detach(name, isForced: isForced)
            })
    }

    /// Settings that may change while the filter is attached.
    static let set = ControlRoute("PATCH", "/v1/instances/{name}") { request throws(Refusal) in
        let name = try request.parameter("name")
        let order: SettingsOrder = try request.decoded()
        let late = ControlFault(
            503, "still-setting", "\(name) waits for reads that are under way past it.",
            advice: "The setting is made; ask again whether it holds.")
        return ControlAnswer(
            try await request.context.change(late: late) { volume throws(ControlFault) in
                try volume.set(name, order.settings)
            })
    }
}
