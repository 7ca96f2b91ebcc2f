package import BypassIOProtocol
import Foundation

/// A request, once its route is found.
package struct ControlRequest: Sendable {
    /// What the path's `{name}` stands for.
    let parameters: [String: String]
    /// What stands behind the question mark, decoded; of a name that comes twice the last.
    package let query: [String: String]
    let body: [UInt8]
    /// What the routes ask.
    package let context: ControlContext

    /// A part of the path.
    package func parameter(_ name: String) throws(ControlFault) -> String {
        guard let value = parameters[name], !value.isEmpty else {
            throw ControlFault(400, "malformed-path", "The path names no \(name).")
        }
        return value
    }

    /// `?name=true` or `?name=false`; false where it is not named.
    package func flag(_ name: String) throws(ControlFault) -> Bool {
        switch query[name] {
        case nil, "false": return false
        case "true", "": return true
        case .some(let value):
            throw ControlFault(
                400, "malformed-query", "\(name)=\(value): it is true or false.")
        }
    }

    /// The body, from JSON.
    package func decoded<Value: Decodable>(
        _ type: Value.Type = Value.self
    ) throws(ControlFault) -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw ControlFault(
                400, "malformed-body",
                "The body is not the JSON that is wanted here: \(error.words).",
                advice: "docs/openapi.yaml describes it.")
        }
    }
}

extension Error {
    /// Of a decoder's error, without its types.
    fileprivate var words: String {
        guard let error = self as? DecodingError else { return "it cannot be read" }
        switch error {
        case .keyNotFound(let key, _): return "\(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let place = context.codingPath.map(\.stringValue).joined(separator: ".")
            return "\(place.isEmpty ? "the whole" : place) has another type"
        default: return "it is no JSON"
        }
    }
}

/// What routes have to hand.
package struct ControlContext: Sendable {
    package let volume: any ControlledVolume
    package let limits: ControlLimits
    let looks: QuestionDesk
    let changes: QuestionDesk
    let executor: ControlExecutor
    let clients: @Sendable () -> ServiceReport.Clients

    /// Asks the volume something that changes nothing.
    package func look<Value: Sendable>(
        _ body: @escaping @Sendable (any ControlledVolume) throws(ControlFault) -> Value
    ) async throws(ControlFault) -> Value {
        let volume = volume
        let late = ControlFault(
            503, "no-answer", "The volume did not answer in \(limits.look.inWords).",
            advice: "A filter is being attached or detached, or hangs: see GET /v1/instances.")
        return try await looks.answer(within: limits.look, late: late) {
            () throws(ControlFault) in try body(volume)
        }
    }

    /// Has the volume go to another process, which is waited for as long as the old one waits.
    func restart<Value: Sendable>(
        _ body: @escaping @Sendable (any ControlledVolume) throws(ControlFault) -> Value
    ) async throws(ControlFault) -> Value {
        let volume = volume
        let late = ControlFault(503, "still-restarting", "The new service is not ready yet.")
        return try await changes.answer(within: limits.restart, late: late) {
            () throws(ControlFault) in try body(volume)
        }
    }

    /// Has the volume change something, and tells `late` when that takes longer.
    package func change<Value: Sendable>(
        late: ControlFault,
        _ body: @escaping @Sendable (any ControlledVolume) throws(ControlFault) -> Value
    ) async throws(ControlFault) -> Value {
        let volume = volume
        return try await changes.answer(within: limits.change, late: late) {
            () throws(ControlFault) in try body(volume)
        }
    }
}

extension Duration {
    var inWords: String {
        let seconds = Double(nanoseconds) / 1e9
        return seconds == 1 ? "1 second" : "\(seconds.formatted()) seconds"
    }
}
