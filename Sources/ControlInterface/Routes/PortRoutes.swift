import BypassIOProtocol
import Foundation

extension ControlRoute {
    /// Where programs talk to filters.
    static let ports = ControlRoute("GET", "/v1/ports") { request throws(Refusal) in
        ControlAnswer(
            try await request.context.look { volume throws(ControlFault) in volume.ports() })
    }

    /// A client that wants to connect asks for the other protocol; the server takes it from there
    /// (``PortWish``), so whoever comes here does not.
    static let port = ControlRoute("GET", "/v1/ports/{name}") { request throws(Refusal) in
        let name = try request.parameter("name")
        let ports = try await request.context.look { volume throws(ControlFault) in
            volume.ports()
        }
        guard ports.contains(where: { $0.name == name }) else { throw PortWish.noSuchPort(name) }
        throw ControlFault(
            426, "upgrade-required", "The port \(name) does not speak HTTP.",
            advice: "Send Connection: Upgrade and Upgrade: \(PortLine.upgrade).")
    }
}

/// A request to be connected to a filter's port.
struct PortWish: Sendable {
    let name: String
    let context: [UInt8]

    private static let folder = "/v1/ports/"

    /// nil for every other request. Throws for one that cannot be met at this door.
    init?(_ head: RequestHead, _ door: any ControlDoor) throws(ControlFault) {
        guard head.method == "GET", head.path.hasPrefix(Self.folder),
            head.upgrades.contains(PortLine.upgrade)
        else { return nil }
        let text = String(head.path.dropFirst(Self.folder.count))
        guard let name = text.removingPercentEncoding, !name.isEmpty, !name.contains("/") else {
            throw ControlFault(400, "malformed-path", "The path names no port.")
        }
        guard door.knowsItsClients else {
            throw ControlFault(
                403, "only-at-the-socket", "Programs connect to ports at the mount's socket alone.")
        }
        guard head.bodyLength == 0 else {
            throw ControlFault(400, "malformed-request", "A request to connect has no body.")
        }
        self.name = name
        let words = head.query.split(separator: "&").first { $0.hasPrefix("context=") }
        guard let value = words?.dropFirst("context=".count) else {
            context = []
            return
        }
        guard let text = String(value).removingPercentEncoding else {
            throw ControlFault(400, "malformed-query", "context is not escaped as a URL's part is.")
        }
        context = Array(text.utf8)
    }

    static func noSuchPort(_ name: String) -> ControlFault {
        ControlFault(
            404, "no-such-port", "There is no port \(name).",
            advice: "GET /v1/ports lists those of the attached filters.")
    }
}
