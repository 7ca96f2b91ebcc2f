import BypassIOProtocol
import LinuxKit
import SystemPackage

/// A connection to a filter's port, as a program has it: lines of JSON, docs/ports.md.
///
/// One thread receives, another may send meanwhile.
package final class PortExchange: Sendable {
    private let socket: OpenSocket
    /// What came with the answer.
    private let first: [UInt8]

    init(_ socket: OpenSocket, first: [UInt8]) {
        self.socket = socket
        self.first = first
    }

    /// Calls `body` with what comes, in pieces, until the service ends the connection.
    package func receive(_ body: ([UInt8]) -> Void) {
        if !first.isEmpty { body(first) }
        while let piece = try? SystemCall.receive(from: socket.descriptor, atMost: 16 << 10),
            !piece.isEmpty
        {
            body(piece)
        }
    }

    /// False when the service has ended the connection.
    package func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let sent = try? SystemCall.send(rest, to: socket.descriptor) else {
                return false
            }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    /// The service answers what was sent, and ends the connection then.
    package func finishSending() { SystemCall.shutDownSending(socket.descriptor) }
}

extension ControlClient {
    /// Connects to a filter's port.
    ///
    /// - Parameters:
    ///   - port: its name.
    ///   - context: text for the filter.
    package func connect(
        port: String, context: String? = nil
    ) throws(ControlClientError) -> PortExchange {
        let query = context.map { "?context=\(Self.escaped($0))" } ?? ""
        let exchange = try ControlExchange(
            socket, patience, "GET", "/v1/ports/\(Self.escaped(port))\(query)", [],
            upgrade: PortLine.upgrade)
        let status = try exchange.status()
        guard status == 101 else { throw fault(status, try exchange.wholeBody()) }
        exchange.waitForEver()
        return exchange.handedOver
    }
}
