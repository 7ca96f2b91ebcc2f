package import BypassIOProtocol
import FlyingFox
import Glibc
import LinuxKit
import Locks
package import SystemPackage

/// Starts a thread of that name, which nobody joins.
package struct ThreadStart: Sendable {
    let begin: @Sendable (String, @escaping @Sendable () -> Void) throws(Errno) -> Void

    package init(
        _ begin:
            @escaping @Sendable (String, @escaping @Sendable () -> Void) throws(Errno) -> Void
    ) {
        self.begin = begin
    }

    package static let own = ThreadStart { name, body throws(Errno) in
        try OwnThread.start(named: name, body).detach()
    }
}

/// Serves a volume's control interface on a socket, and on a port where one is wanted.
///
/// A thread of its own for each takes connections and cuts late clients off; requests are tasks of
/// an executor of its own. What asks the volume, and may block, has threads of its own
/// (``QuestionDesk``).
package final class ControlServer: Sendable {
    /// A client, and the number of the door by which it came.
    private struct Client {
        let connection: ControlConnection
        let door: Int
    }

    private struct State {
        var connections: [ObjectIdentifier: Client] = [:]
        /// Clients of filters' ports: those that are about to be, and those that are.
        var linking = 0
        var links: [ObjectIdentifier: PortLink] = [:]
        var isEnding = false
        var accepted: UInt64 = 0
        var refusedBusy: UInt64 = 0
        var refusedUser: UInt64 = 0
        var refusedToken: UInt64 = 0
        var cutOff: UInt64 = 0
        var malformed: UInt64 = 0

        func connections(at door: Int) -> [ControlConnection] {
            connections.values.filter { $0.door == door }.map(\.connection)
        }
    }

    private let doors: [any ControlDoor]
    let limits: ControlLimits
    private let router: ControlRouter
    let context: ControlContext
    /// Lock order: a leaf.
    private let state: Monitor<State>
    private let executor: ControlExecutor
    let threads: ThreadStart

    /// Takes the socket and the port over, and serves until ``end()``. Throws what a thread and an
    /// epoll descriptor may be refused with; then it has ended.
    ///
    /// - Parameter threads: for the threads of a client of a port.
    package static func start(
        _ socket: ControlSocket?, _ volume: any ControlledVolume, port: ControlPort? = nil,
        routes: [ControlRoute] = ControlRoute.all, limits: ControlLimits = ControlLimits(),
        on executor: ControlExecutor,
        threads: ThreadStart = .own
    ) throws(Errno) -> ControlServer {
        let doors = [socket as (any ControlDoor)?, port].compactMap(\.self)
        let server = ControlServer(doors, volume, routes, limits, executor, threads)
        do throws(Errno) {
            for (number, door) in doors.enumerated() {
                try OwnThread.start(named: door.threadName, isPrompt: true) {
                    server.takeClients(at: number)
                }.detach()
            }
        } catch {
            server.end()
            throw error
        }
        return server
    }

    private init(
        _ doors: [any ControlDoor], _ volume: any ControlledVolume,
        _ routes: [ControlRoute], _ limits: ControlLimits, _ executor: ControlExecutor,
        _ threads: ThreadStart
    ) {
        self.threads = threads
        self.doors = doors
        self.limits = limits
        self.executor = executor
        let state = Monitor(State())
        self.state = state
        context = ControlContext(
            volume: volume, limits: limits, looks: QuestionDesk(limit: limits.looks, executor),
            changes: QuestionDesk(limit: limits.changes, executor), executor: executor,
            clients: { Self.counts(state) })
        router = ControlRouter(routes, context)
    }

    /// Takes no more clients, ends those that are there, and removes the socket.
    package func end() {
        let (connections, links) = state.withLock { state in
            state.isEnding = true
            return (state.connections.values.map(\.connection), Array(state.links.values))
        }
        for door in doors { door.close() }
        for connection in connections { connection.end() }
        for link in links { link.end() }
    }

    package var clients: ServiceReport.Clients { Self.counts(state) }

    private static func counts(_ state: Monitor<State>) -> ServiceReport.Clients {
        state.withLock { state in
            ServiceReport.Clients(
                connected: state.connections.count, accepted: state.accepted,
                refusedBusy: state.refusedBusy, refusedUser: state.refusedUser,
                refusedToken: state.refusedToken,
                cutOff: state.cutOff, malformed: state.malformed)
        }
    }

    // MARK: Taking clients

    /// How often late clients are looked for while there are clients, milliseconds.
    private static let step: Int32 = 250
    /// The pause after a connection could not be taken (no descriptors), microseconds.
    private static let pause: UInt32 = 100_000

    private func takeClients(at number: Int) {
        let door = doors[number]
        while true {
            let (isEnding, isIdle) = state.withLock {
                ($0.isEnding, $0.connections(at: number).isEmpty)
            }
            if isEnding { return }
            do throws(Errno) {
                let isReadable = try SystemCall.waitUntilReadable(
                    door.descriptor, milliseconds: isIdle ? nil : Self.step)
                if isReadable { admit(try SystemCall.accept(door.descriptor), at: number) }
            } catch {
                if error != .resourceTemporarilyUnavailable { usleep(Self.pause) }
            }
            cutOffLate(at: number)
        }
    }

    private func admit(_ client: consuming OwnedDescriptor, at number: Int) {
        let door = doors[number]
        let refusal = door.refusal(of: client.descriptor)
        let connection = ControlConnection(client, executor)
        if let refusal {
            state.withLock { $0.refusedUser += 1 }
            return connection.sayAtOnce(ResponseText.closing(refusal))
        }
        let room = door.knowsItsClients ? limits.clients : limits.portClients
        let isTaken = state.withLock { state in
            guard !state.isEnding, state.connections(at: number).count < room else {
                state.refusedBusy += 1
                return false
            }
            state.accepted += 1
            state.connections[ObjectIdentifier(connection)] = Client(
                connection: connection, door: number)
            return true
        }
        guard isTaken else {
            connection.sayAtOnce(ResponseText.closing(Self.tooMany(room)))
            // Closed with bytes unread, a client of the port would lose what it was told.
            return connection.discardWhatIsThere()
        }
        connection.wait(for: .idle, limits.idle(beforeFirstRequestAt: door))
        Task(executorPreference: executor) { [self] in
            await serve(connection, door)
            state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
        }
    }

    private func cutOffLate(at number: Int) {
        let connections = state.withLock { $0.connections(at: number) }
        let now = KernelClock.monotonic
        let late = connections.filter { $0.cutOff(at: now) != nil }.count
        if late > 0 { state.withLock { $0.cutOff += UInt64(late) } }
    }

    private static func tooMany(_ limit: Int) -> ControlFault {
        ControlFault(
            503, "too-many-clients", "\(limit) clients are connected already.",
            advice: "Try again when one is gone.")
    }

    // MARK: Clients of ports

    func reserveLink() throws(ControlFault) {
        try state.withLock { state throws(ControlFault) in
            guard !state.isEnding, state.linking + state.links.count < limits.portLinks else {
                throw Self.tooMany(limits.portLinks)
            }
            state.linking += 1
        }
    }

    func releaseLink() { state.withLock { $0.linking -= 1 } }

    /// In the place that was reserved.
    func keep(_ link: PortLink) {
        let isEnding = state.withLock { state in
            state.linking -= 1
            state.links[ObjectIdentifier(link)] = link
            return state.isEnding
        }
        if isEnding { link.end() }
    }

    func forget(_ link: PortLink) {
        state.withLock { _ = $0.links.removeValue(forKey: ObjectIdentifier(link)) }
    }

    // MARK: Serving one

    private func serve(_ connection: ControlConnection, _ door: any ControlDoor) async {
        var reader = RequestReader(connection, limits, door)
        while true {
            do throws(ControlFault) {
                guard let request = try await reader.next() else { return }
                if let wish = try PortWish(request.head, door) {
                    return try await connect(wish, connection, reader.rest)
                }
                guard await answer(request, connection) else { return }
            } catch {
                count(error)
                _ = await connection.send(ResponseText.closing(error), within: limits.answer)
                // Closed with bytes unread, the client might lose what it was told.
                connection.discardWhatIsThere()
                return
            }
        }
    }

    /// What the reader did not hand on.
    private func count(_ refusal: ControlFault) {
        state.withLock { state in
            switch refusal.status {
            case 401: state.refusedToken += 1
            case 403, 404, 409: break
            case 503: state.refusedBusy += 1
            default: state.malformed += 1
            }
        }
    }

    /// Whether the client may go on.
    private func answer(
        _ request: RequestReader.Request, _ connection: ControlConnection
    ) async -> Bool {
        let response = await router.response(to: request)
        guard case .httpBody(let body) = response.payload else { return false }
        let keeps = request.head.keepsConnection
        let head = ResponseText.head(
            response, length: body.count, keepsConnection: keeps && body.count != nil)
        guard request.head.method != "HEAD" else {
            return await connection.send(head, within: limits.answer) && keeps
        }
        guard body.count == nil else {
            var text = head
            do { for try await piece in body { text += piece } } catch { return false }
            return await connection.send(text, within: limits.answer) && keeps
        }
        guard await connection.send(head, within: limits.answer) else { return false }
        await stream(body, connection)
        return false
    }

    /// Pieces as they come, until they end or the client is gone, which it need not say by taking
    /// none: it is listened to meanwhile.
    private func stream(_ body: HTTPBodySequence, _ connection: ControlConnection) async {
        let limits = limits
        let sender = Task(executorPreference: executor) {
            do {
                for try await piece in body {
                    guard await connection.send(Array(piece), within: limits.answer) else { return }
                }
            } catch {
                return
            }
        }
        let listener = Task(executorPreference: executor) {
            _ = await connection.receive(atMost: 1)
            sender.cancel()
            // The sender may wait until there is room for more.
            connection.end()
        }
        await sender.value
        connection.end()
        await listener.value
    }
}
