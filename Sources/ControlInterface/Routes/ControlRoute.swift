package import BypassIOProtocol

/// A method on a path, and what answers it. A new one is a file like `VolumeRoutes.swift`, a line
/// in ``all``, and a paragraph of `docs/openapi.yaml`.
package struct ControlRoute: Sendable {
    /// What a route that does not do what it was asked throws.
    package typealias Refusal = ControlFault

    package let method: String
    /// As docs/openapi.yaml writes it: `/v1/instances/{name}`.
    package let path: String
    let answer: @Sendable (ControlRequest) async throws(Refusal) -> ControlAnswer

    package init(
        _ method: String, _ path: String,
        answer: @escaping @Sendable (ControlRequest) async throws(Refusal) -> ControlAnswer
    ) {
        self.method = method
        self.path = path
        self.answer = answer
    }

    package static let all: [ControlRoute] = [
        service, volume, filters, load, unload, instances, attach, detach, set, events,
        eventStream, activity, traceStream, metrics,
    ]
}
