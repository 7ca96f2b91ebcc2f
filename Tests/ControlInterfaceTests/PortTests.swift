import BypassIOProtocol
import CPosixCalls
import ControlInterface
import Foundation
import LinuxKit
import SystemPackage
import TestSupport
import Testing

/// The control interface on TCP: who has the token may read, and nobody else anything.
struct PortTests {
    private static let token = "a-token.of_32~characters+for/us="

    /// A server with a socket and a port.
    private final class Served {
        let folder: TemporaryFolder
        let port: ControlPort
        let server: ControlServer
        let socket: FilePath

        init(
            _ host: SystemCall.Loopback = .four, _ change: (inout ControlLimits) -> Void = { _ in }
        ) throws {
            folder = try TemporaryFolder()
            socket = folder.path.appending("volume.sock")
            port = try ControlPort(
                ControlPort.Address(host, port: 0), PortTests.token(in: folder, token))
            var limits = ControlLimits()
            change(&limits)
            server = try ControlServer.start(
                ControlSocket(ControlPlace(path: socket)), TestVolume(), port: port, limits: limits,
                on: ControlExecutor())
        }

        deinit { server.end() }

        func connect() throws -> RawClient { try RawClient(port.address) }

        /// What comes until the service ends the connection.
        func answer(
            to request: String, _ headers: String..., token: String? = nil
        ) throws -> String {
            let client = try connect()
            let all = headers + (token.map { ["Authorization: Bearer \($0)"] } ?? [])
            try client.send(
                "\(request) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    + all.map { "\($0)\r\n" }.joined() + "\r\n")
            return try client.rest()
        }
    }

    private static func token(
        in folder: TemporaryFolder, _ text: String, mode: UInt32 = 0o600
    ) throws -> ControlToken {
        try ControlToken(file: file(in: folder, text, mode: mode))
    }

    private static func file(
        in folder: TemporaryFolder, _ text: String, mode: UInt32
    ) throws -> FilePath {
        let path = try folder.file("token", Array(text.utf8))
        _ = unsafe call_chmod(path.string, mode)
        return path
    }

    @Test("the token opens every reading path, on both addresses", arguments: [true, false])
    func right(isFour: Bool) throws {
        let served = try Served(isFour ? .four : .six)
        for path in ["/v1/service", "/v1/volume", "/v1/instances", "/v1/events", "/metrics"] {
            let answer = try served.answer(to: "GET \(path)", token: Self.token)
            #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(path): \(answer)")
        }
        let lower = try served.answer(
            to: "GET /v1/service", "authorization: bearer   \(Self.token)")
        #expect(lower.hasPrefix("HTTP/1.1 200 "))
        #expect(
            try served.answer(to: "HEAD /metrics", token: Self.token).hasSuffix("\r\n\r\n"))
    }

    @Test("filters' ports are at the socket alone, whoever has the token")
    func noFilterPorts() throws {
        let served = try Served()
        let answer = try served.answer(
            to: "GET /v1/ports/echo", "Connection: Upgrade", "Upgrade: bypassio-port/1",
            token: Self.token)
        #expect(answer.hasPrefix("HTTP/1.1 403 "), "\(answer)")
        #expect(answer.contains(#""reason":"only-at-the-socket""#), "\(answer)")
        let list = try served.answer(to: "GET /v1/ports", token: Self.token)
        #expect(list.hasPrefix("HTTP/1.1 200 "), "\(list)")
    }

    @Test(
        "whoever has no token, another, or two, gets 401 in words and no more",
        arguments: [
            [], ["Authorization: Bearer another-token-of-32-characters--"],
            ["Authorization: Bearer a-token.of_32~characters+for/us"],
            ["Authorization: Bearer a-token.of_32~characters+for/us=="],
            ["Authorization: Bearer "], ["Authorization: Bearer"], ["Authorization:"],
            ["Authorization: Basic a-token.of_32~characters+for/us="],
            ["Authorization: a-token.of_32~characters+for/us="],
            [
                "Authorization: Bearer a-token.of_32~characters+for/us=",
                "Authorization: Bearer a-token.of_32~characters+for/us=",
            ],
        ])
    func wrong(_ headers: [String]) throws {
        let served = try Served()
        let client = try served.connect()
        let lines = headers.map { "\($0)\r\n" }.joined()
        // Neither the second request nor the path, which is none, is looked at.
        try client.send(
            "GET /nowhere HTTP/1.1\r\nHost: x\r\n\(lines)\r\nGET /v1/service HTTP/1.1\r\n\r\n")
        let answer = try client.rest()
        #expect(answer.hasPrefix("HTTP/1.1 401 Unauthorized\r\n"), "\(answer)")
        #expect(answer.contains("WWW-Authenticate: Bearer realm=\"bypassio\"\r\n"))
        #expect(answer.contains(#""reason":"wrong-token""#) && answer.contains("advice"))
        #expect(answer.split(separator: "HTTP/1.1 ").count == 1)
        let service: ServiceReport = try ControlClient(socket: served.socket).get("/v1/service")
        #expect(service.clients.refusedToken == 1 && service.clients.malformed == 0)
    }

    @Test(
        "nothing changes over the port, and no body is waited for",
        arguments: ["POST /v1/instances", "DELETE /v1/instances/a", "PATCH /v1/instances/a"])
    func reading(_ request: String) throws {
        let served = try Served()
        let answer = try served.answer(to: request, "Content-Length: 60000", token: Self.token)
        #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("reading-only"), "\(answer)")
        let stranger = try served.answer(to: request, "Content-Length: 60000")
        #expect(stranger.hasPrefix("HTTP/1.1 401 "), "\(stranger)")
    }

    @Test("a port that another has is told in words")
    func taken() throws {
        let served = try Served()
        let token = try Self.token(in: served.folder, Self.token)
        let failure = #expect(throws: ControlPort.Failure.self) {
            try ControlPort(served.port.address, token)
        }
        #expect(
            "\(String(describing: failure))".contains(
                "another program has the port \(served.port.address) already"))
    }

    @Test("1,000 clients at once fill the port, and keep nobody from the socket")
    func many() throws {
        let served = try Served { limits in
            limits.portClients = 4
            limits.stranger = .seconds(3600)
        }
        var clients = try (0..<4).map { _ in try served.connect() }
        while served.server.clients.connected < 4 { usleep(1000) }
        for _ in 0..<1000 {
            let answer = try served.connect().rest()
            try #require(answer.isEmpty || answer.hasPrefix("HTTP/1.1 503 "), "\(answer)")
        }
        let service: ServiceReport = try ControlClient(socket: served.socket).get("/v1/service")
        #expect(service.clients.refusedBusy == 1000 && service.clients.connected == 5)
        clients.removeAll()
        while served.server.clients.connected > 0 { usleep(1000) }
        #expect(
            try served.answer(to: "GET /v1/service", token: Self.token).hasPrefix("HTTP/1.1 200 "))
    }

    @Test("who does not come with the token in time is cut off")
    func strangers() throws {
        let served = try Served { $0.stranger = .milliseconds(1) }
        #expect(try served.connect().rest().isEmpty)
        while served.server.clients.cutOff == 0 { usleep(1000) }
        let slow = try Served { $0.request = .milliseconds(1) }
        let client = try slow.connect()
        try client.send("GET /metrics HTTP/1.1\r\nAuth")
        #expect(try client.rest().hasPrefix("HTTP/1.1 408 "))
    }

    @Test(
        "only the loopback addresses are addresses",
        arguments: [
            ("9600", "127.0.0.1:9600"), ("127.0.0.1:1", "127.0.0.1:1"), ("[::1]:65535", nil),
            ("0", nil), ("", ""), ("65536", ""), ("-1", ""), ("+1", ""), ("x", ""),
            ("0.0.0.0:9600", ""), ("127.0.0.2:9600", ""), ("localhost:9600", ""), ("::1:9600", ""),
            ("[::]:9600", ""), ("127.0.0.1:", ""), ("[::1]:", ""), ("127.0.0.1:9600 ", ""),
        ])
    func addresses(_ text: String, _ told: String?) {
        #expect((ControlPort.Address(text) == nil) == (told == ""))
        if let told, !told.isEmpty { #expect(ControlPort.Address(text)?.description == told) }
    }

    @Test("a token comes from a file that is its user's alone")
    func files() throws {
        let folder = try TemporaryFolder()
        func words(_ text: String, mode: UInt32 = 0o600) throws -> String {
            let path = try Self.file(in: folder, text, mode: mode)
            do throws(ControlToken.Failure) {
                _ = try ControlToken(file: path)
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(try words(Self.token) == "" && words("\(Self.token) \r\n\n", mode: 0o400) == "")
        for mode: UInt32 in [0o644, 0o640, 0o604, 0o700, 0o200, 0o4600] {
            #expect(try words(Self.token, mode: mode).contains("must have 600 or 400"))
        }
        #expect(
            try words("fifteen-letters\n").contains("a token of 15 bytes, and 16 are the least"))
        #expect(try words("").contains("a token of 0 bytes"))
        #expect(
            try words(String(repeating: "a", count: 4097)).contains("more than 4096 bytes"))
        #expect(try words(String(repeating: "a", count: 4096)) == "")
        for text in ["two words of a token", "sixteen-letters\nmore", "sixteen-letters-ä"] {
            #expect(try words(text).contains("no header can carry"), "\(text)")
        }
        let failure = #expect(throws: ControlToken.Failure.self) {
            try ControlToken(file: folder.path)
        }
        #expect(String(describing: failure).contains("no regular file"))
        let missing = #expect(throws: ControlToken.Failure.self) {
            try ControlToken(file: folder.path.appending("nothing"))
        }
        #expect(String(describing: missing).contains("cannot be read"))
    }

    @Test("another user's file is no token", .enabled(if: geteuid() == 0))
    func foreign() throws {
        let folder = try TemporaryFolder()
        let path = try Self.file(in: folder, Self.token, mode: 0o600)
        _ = unsafe call_chown(path.string, 65534, 65534)
        let failure = #expect(throws: ControlToken.Failure.self) { try ControlToken(file: path) }
        #expect(String(describing: failure).contains("is user 65534's"))
    }
}
