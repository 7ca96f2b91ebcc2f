package import BypassIOProtocol
import FlyingFox
import Foundation

/// Finds a request's route, by FlyingFox, and asks it.
struct ControlRouter: Sendable {
    private let handler: RoutedHTTPHandler
    private let routes: [ControlRoute]

    init(_ routes: [ControlRoute], _ context: ControlContext) {
        self.routes = routes
        var handler = RoutedHTTPHandler()
        for route in routes {
            handler.appendRoute(Self.pattern(route, [HTTPMethod(route.method)])) { request in
                await Self.answer(route, request, context).response
            }
        }
        self.handler = handler
    }

    /// FlyingFox writes a parameter `:name`.
    private static func pattern(_ route: ControlRoute, _ methods: Set<HTTPMethod>) -> HTTPRoute {
        let path = route.path.replacing("{", with: ":").replacing("}", with: "")
        return HTTPRoute(methods: methods, path: path)
    }

    func response(to request: RequestReader.Request) async -> HTTPResponse {
        let head = request.head
        var headers = HTTPHeaders()
        for header in head.headers {
            headers.addValue(header.value, for: HTTPHeader(header.name))
        }
        // HEAD is GET whose body is not sent (RFC 9110, 9.3.2).
        let method = head.method == "HEAD" ? "GET" : head.method
        let question = HTTPRequest(
            method: HTTPMethod(rawValue: method), version: .http11,
            target: HTTPRequest.Target(path: head.path, query: head.query), headers: headers,
            body: HTTPBodySequence(data: Data(request.body)))
        do {
            return try await handler.handleRequest(question)
        } catch {
            return await unhandled(question).response
        }
    }

    private static func answer(
        _ route: ControlRoute, _ request: HTTPRequest, _ context: ControlContext
    ) async -> ControlAnswer {
        do throws(ControlFault) {
            let body: [UInt8]
            do {
                body = Array(try await request.bodyData)
            } catch {
                throw ControlFault(400, "malformed-body", "The body cannot be read.")
            }
            let parameters = request.routeParameters.map { ($0.name, $0.value) }
            return try await route.answer(
                ControlRequest(
                    parameters: Dictionary(parameters) { $1 },
                    query: Dictionary(request.query.map { ($0.name, $0.value) }) { $1 },
                    body: body, context: context))
        } catch {
            return ControlAnswer(error)
        }
    }

    private func unhandled(_ request: HTTPRequest) async -> ControlAnswer {
        var allowed: Set<String> = []
        for route in routes where await Self.pattern(route, [request.method]) ~= request {
            allowed.insert(route.method)
        }
        guard !allowed.isEmpty else {
            return ControlAnswer(
                ControlFault(
                    404, "no-such-path", "There is no \(request.path).",
                    advice: "docs/openapi.yaml lists what there is."))
        }
        let names = allowed.sorted().joined(separator: ", ")
        var answer = ControlAnswer(
            ControlFault(
                405, "method-not-allowed", "\(request.path) takes no \(request.method.rawValue).",
                advice: "It takes \(names)."))
        answer.allowed = Array(allowed)
        return answer
    }
}

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
        service, volume, restart, filters, load, unload, instances, attach, detach, set, events,
        eventStream, activity, traceStream, metrics, questions, answer, policy, ports, port,
    ]
}
