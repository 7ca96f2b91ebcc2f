import BypassIOProtocol
import ControlInterface
import Foundation
import LinuxKit
import Synchronization
import SystemPackage
import Testing

/// Lines between programs and filters' ports.
struct PortLinkTests {
    private static let greeting =
        #"{"connected":{"filter":"a filter","message":64,"port":"echo","version":1}}"# + "\n"

    private static func request(
        _ port: String, upgrade: String = "bypassio-port/1", connection: String = "Upgrade"
    ) -> String {
        "GET /v1/ports/\(port) HTTP/1.1\r\nHost: x\r\nConnection: \(connection)\r\n"
            + "Upgrade: \(upgrade)\r\n\r\n"
    }

    private static func connect(_ server: TestServer, _ port: String = "echo") throws -> RawClient {
        let client = try RawClient(server.socket)
        try client.send(request(port))
        let said = try client.until("}}\n")
        #expect(said.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"), "\(said)")
        #expect(said.hasSuffix("\r\n\r\n" + greeting), "\(said)")
        return client
    }

    @Test("a program connects, sends and is answered, is asked and replies, as often as it likes")
    func talks() throws {
        let server = try TestServer()
        defer { server.end() }
        let client = try Self.connect(server)
        try client.send(#"{"id":5,"message":{"a":[1,2.50]}}"# + "\r\n\n")
        #expect(try client.until("\n") == #"{"reply":5,"message":{"a":[1,2.50]}}"# + "\n")
        try client.send(#"{"message":"ask"}"# + "\n")
        #expect(try client.until("\n") == #"{"id":1,"message": [ 1, 2 ]}"# + "\n")
        try client.send(#"{"reply":1,"message":{"yes":true}}"# + "\n")
        #expect(try client.until("\n") == #"{"message":{"yes":true}}"# + "\n")
        try client.send(#"{"reply":1,"message":0}"# + "\n")
        let late = try client.until("\n")
        #expect(late.contains(#""reply":1"#) && late.contains("STATUS_FLT_NO_WAITER_FOR_REPLY"))
        try client.send(#"{"id":6,"message":"refuse"}"# + "\n")
        let refused = try client.until("\n")
        #expect(refused.contains(#""reply":6"#) && refused.contains("STATUS_DATA_ERROR"))
        try client.send(#"{"id":7,"message":"end"}"# + "\n")
        #expect(try client.rest() == #"{"reply":7,"message":"end"}"# + "\n")
    }

    @Test("lines may come with the request, in halves, and after its end are answered")
    func pieces() throws {
        let server = try TestServer()
        defer { server.end() }
        let client = try RawClient(server.socket)
        try client.send(Self.request("echo") + #"{"id":1,"message":1}"# + "\n" + #"{"id":2,"#)
        #expect(try client.until(#"{"reply":1,"message":1}"#).contains("101"))
        try client.send(#""message":2}"# + "\n")
        #expect(try client.until("\n").contains(#"{"reply":2,"message":2}"#))
        let exchange = try server.client.connect(port: "echo", context: #""hello there""#)
        #expect(exchange.send(Array("{\"id\":3,\"message\":3}\n{\"half".utf8)))
        exchange.finishSending()
        var said: [UInt8] = []
        exchange.receive { said += $0 }
        let text = String(decoding: said, as: UTF8.self)
        #expect(text.contains(#"{"reply":3,"message":3}"#), "\(text)")
        #expect(text.hasPrefix(Self.greeting), "\(text)")
    }

    @Test(
        "a line that is none, or too long, is told and ends the connection",
        arguments: [
            "garbage\n", "{}\n", "{\"message\":}\n", "{\"message\":1}}\n", "{\"message\":01}\n",
            "{\"message\":1,\"message\":2}\n", "{\"id\":-1,\"message\":1}\n",
            "{\"id\":\"1\",\"message\":1}\n", "{\"id\":1,\"reply\":1,\"message\":1}\n", "[]\n",
            "{\"message\":\"\u{1}\"}\n", "{\"message\":\"\\x\"}\n",
            "{\"message\":" + String(repeating: "[", count: 100) + "\n",
            String(repeating: "x", count: 321), String(repeating: "x", count: 100_000),
        ])
    func malformed(line: String) throws {
        let server = try TestServer()
        defer { server.end() }
        let client = try Self.connect(server)
        try client.send(line)
        let said = try client.rest()
        let isLong = line.count > 320
        #expect(
            said.hasPrefix(#"{"error":{"message":"#)
                && said.contains(isLong ? "line-too-long" : "malformed-line") || isLong, "\(said)")
        #expect(try server.client.get("/v1/ports", as: [PortReport].self).count == 2)
    }

    @Test("what is taken for a line has a message that every reader of JSON understands")
    func changedLines() {
        let lines = [
            #"{"id":12,"message":{"a":[1,-2.5e+3,true,null,"x\\u00e4\\n"],"b":{}}}"#,
            #"{"reply":7,"message":{"answer":"deny","errno":"EPERM"}}"#, #"{"message":[[],"ä"]}"#,
        ].map { Array($0.utf8) }
        let marks = Array("{}[]\",:\\0-1.eEtn u\u{1}".utf8) + [0xC3, 0xFF]
        var random = SystemRandomNumberGenerator()
        var taken = 0
        for round in 0..<20_000 {
            var line = lines[round % lines.count]
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<line.count, using: &random)
                let mark = marks[Int.random(in: 0..<marks.count, using: &random)]
                switch Int.random(in: 0..<3, using: &random) {
                case 0: line[place] = mark
                case 1: line.insert(mark, at: place)
                default: line.remove(at: place)
                }
            }
            guard let read = try? PortLine(line) else { continue }
            taken += 1
            let message =
                switch read {
                case .message(_, let message), .reply(_, let message): message
                }
            #expect(
                (try? JSONSerialization.jsonObject(
                    with: Data(message), options: .fragmentsAllowed)) != nil,
                "\(String(decoding: line, as: UTF8.self))")
        }
        #expect(taken > 100)
    }

    @Test("without the upgrade it is 426, and a port that is not there, or refuses, says so")
    func refused() throws {
        let server = try TestServer()
        defer { server.end() }
        for request in [
            "GET /v1/ports/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            Self.request("echo", upgrade: "websocket", connection: "Upgrade, close"),
            Self.request("echo", connection: "close"),
        ] {
            let said = try server.talk(request)
            #expect(said.hasPrefix("HTTP/1.1 426 Upgrade Required\r\n"), "\(said)")
            #expect(said.contains("Upgrade: bypassio-port/1\r\n"), "\(said)")
        }
        #expect(try server.talk(Self.request("none")).hasPrefix("HTTP/1.1 404"))
        #expect(try server.talk(Self.request("shut")).hasPrefix("HTTP/1.1 403"))
        #expect(try server.talk(Self.request("a%2Fb")).hasPrefix("HTTP/1.1 400"))
    }

    @Test(
        "a program for which no thread is to be had is told so, and leaves its place",
        arguments: ["port sends", "port receives"])
    func noThread(refused: String) throws {
        let isShort = Atomic(true)
        let threads = ThreadStart { name, body throws(Errno) in
            if name == refused, isShort.load(ordering: .relaxed) {
                throw .resourceTemporarilyUnavailable
            }
            try OwnThread.start(named: name, body).detach()
        }
        let server = try TestServer(threads: threads) { $0.portLinks = 1 }
        defer { server.end() }
        for _ in 0..<3 {
            let said = try server.talk(Self.request("echo"))
            #expect(said.hasPrefix("HTTP/1.1 503 "), "\(said)")
            #expect(said.contains("No thread is to be had."), "\(said)")
        }
        isShort.store(false, ordering: .relaxed)
        let client = try Self.connect(server)
        try client.send(#"{"message":"end"}"# + "\n")
        _ = try client.rest()
    }

    @Test("clients of ports have a limit of their own, and their places come back")
    func limits() throws {
        let server = try TestServer { limits in
            limits.portLinks = 2
            limits.clients = 2
        }
        let first = try Self.connect(server)
        let second = try Self.connect(server)
        #expect(try server.talk(Self.request("echo")).hasPrefix("HTTP/1.1 503"))
        #expect(try server.client.get("/v1/ports", as: [PortReport].self).count == 2)
        try first.send(#"{"message":"end"}"# + "\n")
        _ = try first.rest()
        var taken = 0
        while taken < 1000 {
            let client = try RawClient(server.socket)
            try client.send(Self.request("echo"))
            // The place of the client before may not be free yet.
            if try client.until("\n").contains("101") { taken += 1 }
        }
        server.end()
        #expect(try second.rest() == "")
    }
}
