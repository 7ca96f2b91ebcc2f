import BypassIOProtocol
import FlyingFox
import Foundation

/// Responses as they go over the socket.
enum ResponseText {
    static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The connection is a port's from now on.
    static let switching = Array(
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: \(PortLine.upgrade)\r\n"
            + "Connection: Upgrade\r\n\r\n").utf8)

    /// Said by the thread that cuts a client off.
    static let requestTimeout = closing(
        ControlFault(408, "request-timeout", "The request did not come in time."))

    /// A response of which nothing follows.
    static func closing(_ fault: ControlFault) -> [UInt8] {
        let response = ControlAnswer(fault).response
        let body = ControlAnswer.json(of: fault)
        return head(response, length: body.count, keepsConnection: false) + body
    }

    /// - Parameter length: the body's bytes; nil sends it in pieces.
    static func head(
        _ response: HTTPResponse, length: Int?, keepsConnection: Bool
    ) -> [UInt8] {
        var lines = ["HTTP/1.1 \(response.statusCode.code) \(response.statusCode.phrase)"]
        for (name, value) in response.headers.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            lines.append("\(name.rawValue): \(value)")
        }
        if let length {
            if response.statusCode.code != 204 { lines.append("Content-Length: \(length)") }
        } else {
            lines.append("Transfer-Encoding: chunked")
        }
        lines.append("Connection: \(keepsConnection ? "keep-alive" : "close")")
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
