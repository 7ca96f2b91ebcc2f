import BypassIOProtocol
import ControlInterface
import Testing

/// Requests as programs send them, and as they do not.
struct RequestTests {
    private static let get = "GET /v1/service HTTP/1.1\r\nHost: x\r\n"

    @Test("a typed question is answered by a typed report")
    func report() throws {
        let server = try TestServer()
        defer { server.end() }
        let volume: VolumeReport = try server.client.get("/v1/volume")
        #expect(volume.fileSystem == "ext4" && volume.knownInodes == 1)
        let service: ServiceReport = try server.client.get("/v1/service")
        #expect(service.mountPoint == "/mnt/volume" && service.clients.connected == 1)
    }

    @Test(
        "what is no request gets 400 and the connection's end, and the next client is served",
        arguments: [
            "\r\n\r\n\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET /v1/service\r\n\r\n",
            "GET /v1/service HTTP/1.1\r\n\r\n", "GET  /v1/service HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET v1 HTTP/1.1\r\nHost: x\r\n\r\n", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\u{7}\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\rX: y\r\n\r\n",
        ])
    func garbage(_ text: String) throws {
        let server = try TestServer()
        defer { server.end() }
        let answer = try server.talk(text)
        #expect(answer.hasPrefix("HTTP/1.1 400 "))
        #expect(answer.contains(#""reason":"malformed-request""#))
        let service: ServiceReport = try server.client.get("/v1/service")
        #expect(service.clients.malformed == 1)
    }

    @Test(
        "each limit has its code",
        arguments: [
            ("GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\nHost: x\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 1 << 20))", 431),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n", 413),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 413
            ),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
            ("\(get)Connection: close\r\n\r\n", 200),
            ("GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /%00%FF%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
            ("GET /v1/../v1/service HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 200),
            ("PUT /v1/service HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
        ])
    func limits(_ text: String, _ code: Int) throws {
        let server = try TestServer()
        defer { server.end() }
        #expect(try server.talk(text).hasPrefix("HTTP/1.1 \(code) "))
        let volume: VolumeReport = try server.client.get("/v1/volume")
        #expect(volume.volume == "/source")
    }

    @Test("a refused method is told which ones there are")
    func method() throws {
        let server = try TestServer()
        defer { server.end() }
        let answer = try server.talk(
            "DELETE /v1/service HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.contains("\r\nAllow: GET\r\n"))
    }

    @Test("pipelined requests are answered in their order, on one connection")
    func pipelined() throws {
        let server = try TestServer()
        defer { server.end() }
        let one = "\(Self.get)\r\n"
        let two = "GET /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET "
        let last = "\(Self.get)Connection: close\r\n\r\n"
        let answer = try server.talk(
            String(repeating: one, count: 50) + two + "\r\n" + last + Self.get)
        let codes = answer.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
        #expect(codes == Array(repeating: "200", count: 50) + ["404", "200"])
    }

    @Test("a request in single bytes is a request, and a client may say nothing more")
    func pieces() throws {
        let server = try TestServer()
        defer { server.end() }
        let connection = try RawClient(server.socket)
        for byte in "\(Self.get)Connection: close\r\n\r\n" { try connection.send(String(byte)) }
        #expect(try connection.rest().hasPrefix("HTTP/1.1 200 "))
    }

    @Test("HEAD has no body, HTTP/1.0 ends the connection, and 100 is said where it is waited for")
    func variants() throws {
        let server = try TestServer()
        defer { server.end() }
        let head = try server.talk(
            "HEAD /v1/service HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(head.hasSuffix("\r\n\r\n") && head.hasPrefix("HTTP/1.1 200 "))
        #expect(try server.talk("GET /v1/service HTTP/1.0\r\n\r\n").contains("Connection: close"))
        let connection = try RawClient(server.socket)
        try connection.send(
            "PUT /v1/service HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                + "Expect: 100-continue\r\nConnection: close\r\n\r\n")
        #expect(try connection.until("\r\n\r\n").hasPrefix("HTTP/1.1 100 "))
        try connection.send("{}")
        #expect(try connection.rest().hasPrefix("HTTP/1.1 405 "))
    }

    @Test("a request that is cut short is none, and takes nothing")
    func truncated() throws {
        let server = try TestServer()
        defer { server.end() }
        for length in [1, 10, 30, Self.get.utf8.count] {
            let connection = try RawClient(server.socket)
            try connection.send(String(Self.get.prefix(length)))
        }
        let volume: VolumeReport = try server.client.get("/v1/volume")
        #expect(volume.volume == "/source")
    }
}
