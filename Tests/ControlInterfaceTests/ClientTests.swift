import BypassIOProtocol
import CPosixCalls
import ControlInterface
import Foundation
import LinuxKit
import SystemPackage
import TestSupport
import Testing

/// Many clients, slow ones, and those that may not ask.
struct ClientTests {
    @Test("10,000 clients in turns are served, and none stays")
    func inTurns() throws {
        let server = try TestServer()
        defer { server.end() }
        for _ in 0..<10_000 {
            let connection = try RawClient(server.socket)
            try connection.send("GET /v1/service HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            try #require(try connection.rest().hasPrefix("HTTP/1.1 200 "))
        }
        while server.server.clients.connected > 0 { usleep(1000) }
        #expect(server.server.clients.accepted == 10_000)
    }

    @Test("of many at once so many are served as may be, the others get 503, and room comes back")
    func atOnce() throws {
        let server = try TestServer { $0.clients = 8 }
        defer { server.end() }
        var connections: [RawClient] = []
        for _ in 0..<8 {
            let connection = try RawClient(server.socket)
            try connection.send("GET /v1/service HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try connection.until("\r\n\r\n{")
            connections.append(connection)
        }
        for _ in 0..<100 {
            let answer = try RawClient(server.socket).rest()
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("too-many-clients"))
        }
        connections.removeAll()
        while server.server.clients.connected > 0 { usleep(1000) }
        let service: ServiceReport = try server.client.get("/v1/service")
        #expect(service.clients.refusedBusy == 100)
    }

    @Test("a client that does not end its request gets 408, one that is silent is cut off")
    func slow() throws {
        let server = try TestServer {
            $0.request = .milliseconds(1)
            $0.idle = .milliseconds(1)
        }
        defer { server.end() }
        #expect(try RawClient(server.socket).rest().isEmpty)
        let other = try TestServer { $0.request = .milliseconds(1) }
        defer { other.end() }
        let connection = try RawClient(other.socket)
        try connection.send("GET /v1/serv")
        #expect(try connection.rest().hasPrefix("HTTP/1.1 408 "))
        // The client hears of it before it is counted.
        while other.server.clients.cutOff == 0 { usleep(1000) }
        #expect(other.server.clients.cutOff == 1)
    }

    @Test("a client that takes no answer is cut off, and others are served meanwhile")
    func deaf() throws {
        let server = try TestServer { $0.answer = .milliseconds(1) }
        defer { server.end() }
        let connection = try RawClient(server.socket)
        // More answers than a socket holds.
        let writer = Thread {
            let one = "GET /v1/volume HTTP/1.1\r\nHost: x\r\n\r\n"
            try? connection.send(String(repeating: one, count: 20_000))
        }
        writer.start()
        while server.server.clients.cutOff == 0 { usleep(1000) }
        #expect(server.server.clients.cutOff == 1)
        let volume: VolumeReport = try server.client.get("/v1/volume")
        #expect(volume.volume == "/source")
    }

    @Test("a volume that hangs costs its askers a 503, and nobody else anything")
    func hung() throws {
        // Its clock needs no thread of the process' pool.
        let pool = BlockedPool()
        defer { pool.release() }
        let gate = HeldAnswers()
        let server = try TestServer(TestVolume(heldBy: gate)) {
            $0.look = .milliseconds(1)
            $0.looks = 2
        }
        defer { server.end() }
        defer { gate.open() }
        for reason in ["no-answer", "no-answer", "busy"] {
            let error = #expect(throws: ControlClientError.self) {
                let _: VolumeReport = try server.client.get("/v1/volume")
            }
            guard case .refused(let fault)? = error else { return #expect(Bool(false)) }
            #expect(fault.status == 503 && fault.reason == reason)
        }
        gate.await(2)
    }

    @Test("another user is refused by his credentials, too", .enabled(if: geteuid() == 0))
    func user() throws {
        let server = try TestServer()
        defer { server.end() }
        _ = unsafe call_chmod(server.socket.string, 0o666)
        let socket = server.socket
        let answer = OwnValue<String> {
            _ = unsafe call_set_credentials(65534, 65534, [], 0)
            return (try? RawClient(socket).rest()) ?? "no connection"
        }.value
        #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("wrong-user"))
        #expect(server.server.clients.refusedUser == 1)
    }

    @Test("another user does not reach the socket at all", .enabled(if: geteuid() == 0))
    func permissions() throws {
        let server = try TestServer()
        defer { server.end() }
        let socket = server.socket
        let error = OwnValue<ControlClientError?> {
            _ = unsafe call_set_credentials(65534, 65534, [], 0)
            do throws(ControlClientError) {
                let _: ServiceReport = try ControlClient(socket: socket).get("/v1/service")
                return nil
            } catch {
                return error
            }
        }.value
        guard case .unreachable(_, .permissionDenied)? = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(error?.words(for: "/mnt", user: 0).contains("user 0's") == true)
    }
}

/// What a thread of its own answers: its credentials end with it.
final class OwnValue<Value: Sendable>: @unchecked Sendable {
    // Written before the thread's end is told, read after it.
    private var result: Value?
    private let ended = DispatchSemaphore(value: 0)
    private let body: @Sendable () -> Value

    init(_ body: @escaping @Sendable () -> Value) { self.body = body }

    var value: Value {
        let thread = Thread { [self] in
            result = body()
            ended.signal()
        }
        thread.start()
        ended.wait()
        guard let result else { preconditionFailure("the thread left nothing") }
        return result
    }
}
