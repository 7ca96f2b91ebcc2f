import BypassIOProtocol
import IOStack
import MemoryFileSystem
import SystemPackage
import Testing

/// Ports by which programs talk to a filter.
struct PortTests {
    private static let client = PortClient(process: 7, user: 1000)

    /// Answers a message with itself, and refuses what begins with a zero.
    private final class Echo: Filter, PortFilter {
        let name: String
        let altitude = Altitude(integer: 370_500)
        let port: CommunicationPort
        let heard = Box<[String]>([])

        init(_ name: String = "echo", _ limits: CommunicationPort.Limits = .init()) {
            self.name = name
            port = CommunicationPort(name: "echo", limits: limits)
        }

        func willConnect(_ connection: PortConnection, context: [UInt8]) throws(NTStatus) {
            heard.change { $0.append("connect \(connection.client.user) \(context)") }
            if context.first == 0 { throw .portConnectionRefused }
            if context.first == 1 { connection.disconnect() }
        }

        func didDisconnect(_ connection: PortConnection) {
            heard.change { $0.append("disconnect") }
        }

        func didReceive(
            _ message: [UInt8], from connection: PortConnection
        ) throws(NTStatus) -> [UInt8] {
            if message.first == 0 { throw .dataError }
            return message
        }
    }

    private let memory = MemoryVolume()

    private func attach(_ echo: Echo) throws -> FilterInstance {
        try memory.manager.filterManager.attach(
            memory.manager.filterManager.register(echo), to: memory.volume)
    }

    @Test("a program connects, sends and is answered; the filter knows who it is, and may refuse")
    func connects() throws {
        let echo = Echo()
        let instance = try attach(echo)
        let connection = try echo.port.connect(Self.client, context: [5])
        #expect(try connection.request([1, 2]) == [1, 2])
        #expect(throws: NTStatus.dataError) { try connection.request([0]) }
        #expect(throws: NTStatus.portConnectionRefused) {
            try echo.port.connect(Self.client, context: [0])
        }
        #expect(throws: NTStatus.portDisconnected) {
            try echo.port.connect(Self.client, context: [1])
        }
        #expect(echo.port.connections.count == 1)
        connection.disconnect()
        connection.disconnect()
        #expect(throws: NTStatus.portDisconnected) { try connection.request([1]) }
        #expect(echo.port.connections.isEmpty)
        #expect(
            echo.heard.value == [
                "connect 1000 [5]", "connect 1000 [0]", "connect 1000 [1]", "disconnect",
                "disconnect",
            ])
        let counts = echo.port.counts
        #expect(counts.connected == 1 && counts.refused == 1 && counts.received == 2)
        try memory.manager.filterManager.detach(instance)
    }

    @Test("a port has its filter's time: its name is taken once, and nobody connects without it")
    func lifetime() throws {
        let echo = Echo()
        #expect(throws: NTStatus.portDisconnected) { try echo.port.connect(Self.client) }
        let manager = memory.manager.filterManager
        let filter = try manager.register(echo)
        #expect(throws: NTStatus.portDisconnected) { try echo.port.connect(Self.client) }
        #expect(throws: NTStatus.objectNameCollision) { _ = try manager.register(Echo("other")) }
        let instance = try manager.attach(filter, to: memory.volume)
        #expect(manager.ports.map(\.port.name) == ["echo"])
        let connection = try echo.port.connect(Self.client)
        try manager.detach(instance)
        #expect(!connection.isConnected && connection.nextMessage() == nil)
        #expect(throws: NTStatus.portDisconnected) { try echo.port.connect(Self.client) }
        try manager.attach(filter, to: memory.volume)
        let again = try echo.port.connect(Self.client)
        try manager.unload(filter)
        #expect(!again.isConnected && manager.ports.isEmpty)
        #expect(echo.heard.value.count { $0 == "disconnect" } == 2)
        _ = try manager.register(Echo("other"))
    }

    @Test("a name that programs could not write is none", arguments: ["", "a/b", "a b", "ä"])
    func names(name: String) throws {
        var registration = FilterRegistration(
            name: "named", altitude: Altitude(integer: 370_500), supportedFeatures: .bypassIO,
            operations: [])
        let callbacks = PortRegistration.Callbacks(
            connect: { _, _ in }, disconnect: { _ in }, message: { _, message in message })
        registration.ports = [PortRegistration(CommunicationPort(name: name), callbacks)]
        #expect(throws: NTStatus.invalidParameter) {
            _ = try memory.manager.filterManager.register(registration)
        }
    }

    @Test("a filter that asks gets the reply, the time's end, or the connection's")
    func asks() throws {
        let echo = Echo()
        _ = try attach(echo)
        let connection = try echo.port.connect(Self.client)
        let program = OwnThread {
            while let message = connection.nextMessage() {
                guard let number = message.number, message.bytes != [9] else { continue }
                try? connection.reply(to: number, message.bytes + [7])
            }
        }
        #expect(try connection.ask([1], within: .seconds(60)) == [1, 7])
        #expect(throws: NTStatus.timeout) {
            try connection.ask([9], within: .milliseconds(1))
        }
        #expect(throws: NTStatus.fltNoWaiterForReply) { try connection.reply(to: 2, []) }
        let ended = Box<[String]>([])
        try connection.ask([9], within: .seconds(600)) { result in
            ended.change { $0.append("\(result)") }
        }
        let waiter = OwnThread {
            do {
                _ = try connection.ask([9], within: .seconds(600))
            } catch {
                ended.change { $0.append("thrown \(error)") }
            }
        }
        #expect(eventually { echo.port.counts.sent == 4 })
        connection.disconnect()
        try waiter.result()
        try program.result()
        #expect(ended.value.count == 2, "\(ended.value)")
        #expect(ended.value.allSatisfy { $0.contains("STATUS_PORT_DISCONNECTED") })
        #expect(throws: NTStatus.portDisconnected) { try connection.send([1]) }
    }

    @Test("connections, messages and their bytes have limits, and room comes back")
    func limits() throws {
        let echo = Echo(
            "echo", .init(connections: 2, message: 8, queued: 4, queuedBytes: 20))
        _ = try attach(echo)
        let one = try echo.port.connect(Self.client)
        let other = try echo.port.connect(Self.client)
        #expect(throws: NTStatus.connectionCountLimit) { try echo.port.connect(Self.client) }
        other.disconnect()
        try echo.port.connect(Self.client).disconnect()
        let long = [UInt8](repeating: 1, count: 9)
        #expect(throws: NTStatus.portMessageTooLong) { try one.send(long) }
        #expect(throws: NTStatus.portMessageTooLong) { try one.request(long) }
        #expect(throws: NTStatus.portMessageTooLong) {
            try echo.port.connect(Self.client, context: long)
        }
        for _ in 0..<4 { try one.send([1]) }
        #expect(throws: NTStatus.insufficientResources) { try one.send([1]) }
        for _ in 0..<4 { #expect(one.nextMessage()?.bytes == [1]) }
        for _ in 0..<2 { try one.send(long.dropLast()) }
        #expect(throws: NTStatus.insufficientResources) { try one.send([1, 2, 3, 4, 5]) }
        _ = one.nextMessage()
        try one.send([1, 2, 3, 4, 5])
    }

    @Test("what nobody waits for any more need not be taken")
    func late() throws {
        let echo = Echo()
        _ = try attach(echo)
        let connection = try echo.port.connect(Self.client)
        #expect(throws: NTStatus.timeout) {
            try connection.ask([1], within: .milliseconds(1))
        }
        #expect(connection.queued == 0)
        try connection.send([2])
        #expect(connection.nextMessage()?.bytes == [2])
    }

    @Test("a detach ends the wait of a callback that holds it up")
    func detachWhileAsking() throws {
        final class Asker: Filter, PortFilter, PreOpenFilter {
            let name = "asker"
            let altitude = Altitude(integer: 370_501)
            let port = CommunicationPort(name: "asker")
            func willOpen(_ open: PreOpen) -> PreOperationAnswer {
                guard let program = port.connections.first else { return .pass }
                do throws(NTStatus) {
                    _ = try program.ask([1], within: .seconds(600))
                    return .pass
                } catch {
                    return .fail(error)
                }
            }
        }
        let asker = Asker()
        let instance = try memory.manager.filterManager.attach(
            memory.manager.filterManager.register(asker), to: memory.volume)
        let connection = try asker.port.connect(Self.client)
        let volume = memory.volume
        let status = Box<NTStatus?>(nil)
        let opener = OwnThread {
            do throws(IOFailure) {
                _ = try volume.open("file", access: .read, disposition: .create)
            } catch {
                status.value = error.status
            }
        }
        #expect(connection.nextMessage()?.bytes == [1])
        try memory.manager.filterManager.detach(instance)
        try opener.result()
        #expect(status.value == .portDisconnected)
    }
}
