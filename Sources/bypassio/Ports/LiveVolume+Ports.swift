import BypassIOProtocol
import ControlInterface
import IOStack

/// The ports of a mount's filters, for programs.
extension LiveVolume {
    func ports() -> [PortReport] {
        live.ports.map { port, filter in
            let counts = port.counts
            return PortReport(
                name: port.name, filter: filter, connections: port.connections.count,
                limit: port.limits.connections, longestMessage: port.limits.message,
                sent: counts.sent, received: counts.received, refused: counts.refused)
        }
    }

    func connect(_ order: PortOrder) throws(ControlFault) -> any ConnectedPort {
        guard let (port, filter) = live.ports.first(where: { $0.port.name == order.port }) else {
            throw ControlFault(
                404, "no-such-port", "There is no port \(order.port).",
                advice: "GET /v1/ports lists those of the attached filters.")
        }
        do throws(NTStatus) {
            let client = PortClient(process: order.process, user: order.user)
            return LivePort(
                try port.connect(client, context: order.context), filterName: filter)
        } catch {
            throw Self.fault(error, order.port, filter, port.limits)
        }
    }

    private static func fault(
        _ status: NTStatus, _ port: String, _ filter: String, _ limits: CommunicationPort.Limits
    ) -> ControlFault {
        switch status {
        case .connectionCountLimit:
            ControlFault(
                503, "too-many-connections",
                "\(limits.connections) programs are connected to \(port) already.",
                advice: "Try again when one is gone.")
        case .portMessageTooLong:
            ControlFault(
                413, "context-too-large",
                "The context has more than \(limits.message) bytes.")
        case .portDisconnected:
            ControlFault(
                409, "not-attached",
                "The filter \(filter) is not attached, or has ended the connection.",
                advice: "bypassio attach \(filter) MOUNTPOINT attaches it.")
        default:
            ControlFault(
                403, "port-refuses",
                "The filter \(filter) takes no such connection to \(port): \(status.shortName).")
        }
    }
}

extension LiveFilters {
    /// With their filters' names.
    var ports: [(port: CommunicationPort, filter: String)] {
        loaded.flatMap { one in
            one.filter.registration.ports.map { ($0.port, one.filter.name) }
        }.sorted { $0.port.name < $1.port.name }
    }
}

/// A connection, as the control interface carries it.
final class LivePort: ConnectedPort {
    let filterName: String
    private let connection: PortConnection

    init(_ connection: PortConnection, filterName: String) {
        self.connection = connection
        self.filterName = filterName
    }

    var longestMessage: Int { connection.port.limits.message }

    func takeMessage() -> (number: UInt64?, bytes: [UInt8])? {
        connection.nextMessage().map { ($0.number, $0.bytes) }
    }

    func reply(to number: UInt64, _ bytes: [UInt8]) throws(NTStatus) {
        try connection.reply(to: number, bytes)
    }

    func request(_ message: [UInt8]) throws(NTStatus) -> [UInt8] {
        try connection.request(message)
    }

    func disconnect() { connection.disconnect() }
}
