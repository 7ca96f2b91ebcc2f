public import BypassIOProtocol

/// A place where programs talk to a filter (`FltCreateCommunicationPort`).
///
/// A filter makes its port, and hands it over with its registration: as a type, by conforming to
/// ``PortFilter``. The port has its name from the register on. Programs connect while an instance
/// of the filter is attached; when the last is detached, every connection ends, and so do the waits
/// for answers: a detach waits for none.
///
/// ```swift
/// final class Teller: Filter, PortFilter {
///     let port = CommunicationPort(name: "teller")
///     func didReceive(_ message: [UInt8], from connection: PortConnection) -> [UInt8] { message }
///     …
///     for program in port.connections { try? program.send(Array("\"news\"".utf8)) }
/// ```
///
/// Messages are bytes. A port that programs reach through a mount's control interface carries the
/// text of JSON values: docs/ports.md.
///
/// Usable from any thread. Lock order: `state`, then nothing; a volume's attach and detach take it
/// under their own lock. Callbacks run under no lock, and no bypassed read comes here.
public final class CommunicationPort: Sendable {
    /// What a port takes at most.
    public struct Limits: Sendable, Equatable {
        /// Connections at the same time.
        public var connections: Int
        /// Bytes of a message, either way.
        public var message: Int
        /// Messages of one connection that its program has not taken or not answered yet.
        public var queued: Int
        /// Bytes of those that it has not taken yet.
        public var queuedBytes: Int

        /// - Parameters:
        ///   - connections: at the same time.
        ///   - message: bytes of one, either way.
        ///   - queued: messages of one connection that are not taken, or not answered.
        ///   - queuedBytes: bytes of those that are not taken.
        public init(
            connections: Int = 16, message: Int = 64 << 10, queued: Int = 1024,
            queuedBytes: Int = 1 << 20
        ) {
            self.connections = max(1, connections)
            self.message = max(1, message)
            self.queued = max(1, queued)
            self.queuedBytes = max(1, queuedBytes)
        }
    }

    /// What happened at a port since it was made.
    public struct Counts: Sendable, Equatable {
        public var connected: UInt64 = 0
        public var refused: UInt64 = 0
        /// Messages to programs that were taken into a queue, and messages of programs.
        public var sent: UInt64 = 0
        public var received: UInt64 = 0
    }

    private struct State {
        /// Instances of the filter that are attached.
        var attached = 0
        /// nil while no filter is registered with the port. Weak, since a filter holds its port.
        weak var filter: Minifilter?
        /// Those that the filter is still asked about, too.
        var connections: [PortConnection] = []
        var counts = Counts()
    }

    /// By which programs ask for it.
    public let name: String
    public let limits: Limits
    private let state = Guarded(State())

    /// - Parameters:
    ///   - name: 1 to 64 letters, digits, `.`, `-` and `_`; otherwise no filter can be registered
    ///     with it.
    ///   - limits: what it takes at most.
    public init(name: String, limits: Limits = Limits()) {
        self.name = name
        self.limits = limits
    }

    /// Of programs that are connected, the oldest first.
    public var connections: [PortConnection] {
        state.withLock { $0.connections }.filter(\.isConnected)
    }

    public var counts: Counts { state.withLock { $0.counts } }

    /// A filter can be registered with the name.
    var isNamed: Bool {
        let marks: Set<Character> = [".", "-", "_"]
        return 1...64 ~= name.count
            && name.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || marks.contains($0))
            }
    }

    // MARK: Programs

    /// Connects a program (`FilterConnectCommunicationPort`), once the filter agrees.
    ///
    /// - Parameters:
    ///   - client: the program, as the caller knows it.
    ///   - context: bytes for the filter, at most ``Limits/message``.
    /// - Throws: `NTStatus.portDisconnected` while no instance of the filter is attached,
    ///   `NTStatus.connectionCountLimit`, `NTStatus.portMessageTooLong`, and what the filter
    ///   refuses with.
    public func connect(
        _ client: PortClient, context: [UInt8] = []
    ) throws(NTStatus) -> PortConnection {
        guard context.count <= limits.message else { throw .portMessageTooLong }
        let connection = PortConnection(self, client)
        let callbacks = try admit(connection)
        do throws(NTStatus) {
            try callbacks.connect(connection, context)
        } catch {
            connection.refuse()
            forget(connection)
            state.withLock { $0.counts.refused += 1 }
            throw error
        }
        // The last instance may have been detached meanwhile, or the filter thought better of it.
        guard connection.begin() else {
            callbacks.disconnect(connection)
            throw .portDisconnected
        }
        state.withLock { $0.counts.connected += 1 }
        return connection
    }

    private func admit(
        _ connection: PortConnection
    ) throws(NTStatus) -> PortRegistration.Callbacks {
        try state.withLock { state throws(NTStatus) in
            guard state.attached > 0, let callbacks = registered(state.filter) else {
                throw .portDisconnected
            }
            guard state.connections.count < limits.connections else {
                state.counts.refused += 1
                throw .connectionCountLimit
            }
            state.connections.append(connection)
            return callbacks
        }
    }

    // MARK: Connections

    /// It is over. Its filter hears of it if it had heard of its beginning.
    func ended(_ connection: PortConnection, wasConnected: Bool) {
        let callbacks = forget(connection)
        if wasConnected { callbacks?.disconnect(connection) }
    }

    @discardableResult
    private func forget(_ connection: PortConnection) -> PortRegistration.Callbacks? {
        state.withLock { state in
            state.connections.removeAll { $0 === connection }
            return registered(state.filter)
        }
    }

    private func registered(_ filter: Minifilter?) -> PortRegistration.Callbacks? {
        filter?.registration.ports.first { $0.port === self }?.callbacks
    }

    func sent() { state.withLock { $0.counts.sent += 1 } }

    /// Has the filter answer a program's message.
    func received(
        _ message: [UInt8], from connection: PortConnection
    ) throws(NTStatus) -> [UInt8] {
        let callbacks = state.withLock { state in
            state.counts.received += 1
            return registered(state.filter)
        }
        guard let callbacks else { throw .portDisconnected }
        return try callbacks.message(connection, message)
    }

    // MARK: The filter

    /// False if another filter is registered with the port.
    func open(for filter: Minifilter) -> Bool {
        state.withLock { state in
            guard state.filter == nil else { return false }
            state.filter = filter
            return true
        }
    }

    /// Forgets the filter, of which no instance is attached any more.
    func close() {
        let connections = state.withLock { $0.connections }
        for connection in connections { connection.end() }
        state.withLock { $0.filter = nil }
    }

    func attached() { state.withLock { $0.attached += 1 } }

    /// The connections to end, since the last instance went.
    func detached() -> [PortConnection] {
        state.withLock { state in
            state.attached -= 1
            return state.attached > 0 ? [] : state.connections
        }
    }
}

/// A program that talks to a filter.
public struct PortClient: Sendable, Hashable {
    /// As it was when it connected.
    public var process: Int32
    public var user: UInt32

    /// - Parameters:
    ///   - process: its number.
    ///   - user: on whose behalf it runs.
    public init(process: Int32, user: UInt32) {
        self.process = process
        self.user = user
    }
}
