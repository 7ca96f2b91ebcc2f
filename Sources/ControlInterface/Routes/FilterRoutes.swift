import BypassIOProtocol

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
