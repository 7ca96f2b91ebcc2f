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

extension ControlRoute {
    /// `bypassio restart`.
    static let restart = ControlRoute("POST", "/v1/restart") { request throws(Refusal) in
        ControlAnswer(
            try await request.context.restart { volume throws(ControlFault) in
                try volume.restart()
            })
    }
}

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

extension ControlRoute {
    /// `fltmc filters`.
    static let filters = ControlRoute("GET", "/v1/filters") { request throws(Refusal) in
        ControlAnswer(
            try await request.context.look { volume throws(ControlFault) in volume.filters() })
    }

    /// `fltmc load`.
    static let load = ControlRoute("POST", "/v1/filters") { request throws(Refusal) in
        let order: AttachOrder = try request.decoded()
        return ControlAnswer(
            try await request.context.change(late: .stillAttaching(order.filter)) {
                volume throws(ControlFault) in try volume.load(order)
            }, status: 201)
    }

    /// `fltmc unload`.
    static let unload = ControlRoute("DELETE", "/v1/filters/{name}") { request throws(Refusal) in
        let name = try request.parameter("name")
        let isForced = try request.flag("force")
        return ControlAnswer(
            try await request.context.change(late: .stillDetaching(name)) {
                volume throws(ControlFault) in try volume.unload(name, isForced: isForced)
            })
    }
}

extension ControlFault {
    static func stillAttaching(_ name: String) -> ControlFault {
        ControlFault(
            503, "still-attaching",
            "\(name) waits for reads that are under way past it, or for its own set-up.",
            advice: "It is attached when they end: bypassio instances shows it then.")
    }

    static func stillDetaching(_ name: String) -> ControlFault {
        ControlFault(
            503, "still-detaching",
            "\(name) takes no new requests, but callbacks of it still run: it goes when they end.",
            advice: "--force (?force=true) gives bypass back at once and waits no longer.")
    }
}
