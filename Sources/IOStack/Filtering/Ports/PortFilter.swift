public import BypassIOProtocol

/// A filter that programs talk to, by a port of its own.
///
/// The methods are called on the program's thread, several at once for several programs, and under
/// no lock. One that waits keeps that program waiting, and nobody else.
public protocol PortFilter: Filter {
    /// The same at every call.
    var port: CommunicationPort { get }

    /// A program wants to talk. The filter refuses by throwing; it may send to the connection
    /// already. By default every program may.
    func willConnect(_ connection: PortConnection, context: [UInt8]) throws(NTStatus)

    /// A program that was connected is gone, or the filter has disconnected it. Waits for its
    /// replies have ended.
    func didDisconnect(_ connection: PortConnection)

    /// A program's message, and what it is answered. By default STATUS_NOT_SUPPORTED.
    func didReceive(
        _ message: [UInt8], from connection: PortConnection
    ) throws(NTStatus) -> [UInt8]
}

extension PortFilter {
    public func willConnect(_ connection: PortConnection, context: [UInt8]) throws(NTStatus) {}
    public func didDisconnect(_ connection: PortConnection) {}

    public func didReceive(
        _ message: [UInt8], from connection: PortConnection
    ) throws(NTStatus) -> [UInt8] { throw .notSupported }
}

/// A port and what its filter does there: the low level of ``PortFilter``.
public struct PortRegistration: Sendable {
    /// `PFLT_CONNECT_NOTIFY` and its like.
    public struct Callbacks: Sendable {
        public var connect: @Sendable (PortConnection, [UInt8]) throws(NTStatus) -> Void
        public var disconnect: @Sendable (PortConnection) -> Void
        public var message: @Sendable (PortConnection, [UInt8]) throws(NTStatus) -> [UInt8]

        /// - Parameters:
        ///   - connect: throws to refuse.
        ///   - disconnect: called once for each connection that was not refused.
        ///   - message: answers a program's message, or throws.
        public init(
            connect: @escaping @Sendable (PortConnection, [UInt8]) throws(NTStatus) -> Void,
            disconnect: @escaping @Sendable (PortConnection) -> Void,
            message: @escaping @Sendable (PortConnection, [UInt8]) throws(NTStatus) -> [UInt8]
        ) {
            self.connect = connect
            self.disconnect = disconnect
            self.message = message
        }
    }

    public var port: CommunicationPort
    public var callbacks: Callbacks

    /// - Parameters:
    ///   - port: of no other registration.
    ///   - callbacks: what the filter does there.
    public init(_ port: CommunicationPort, _ callbacks: Callbacks) {
        self.port = port
        self.callbacks = callbacks
    }

    /// Of a filter that is a type; nil for one without a port.
    init?(_ filter: any Filter) {
        guard let filter = filter as? any PortFilter else { return nil }
        self.init(
            filter.port,
            Callbacks(
                connect: { connection, context throws(NTStatus) in
                    try filter.willConnect(connection, context: context)
                },
                disconnect: { filter.didDisconnect($0) },
                message: { connection, message throws(NTStatus) in
                    try filter.didReceive(message, from: connection)
                }))
    }
}

extension FilterManager {
    /// The ports of registered filters, by their names.
    public var ports: [(port: CommunicationPort, filter: Minifilter)] {
        filters.flatMap { filter in filter.registration.ports.map { ($0.port, filter) } }
            .sorted { $0.0.name < $1.0.name }
    }
}
