import BypassIOProtocol
import ControlInterface
import Foundation
import Testing

/// Traces over the socket.
struct TraceRouteTests {
    private func lines(_ server: TestServer, _ question: String) throws -> [String] {
        var bytes: [UInt8] = []
        try server.client.follow("/v1/trace/stream?\(question)") { piece in
            bytes += piece
            return true
        }
        return String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map { String($0) }
    }

    @Test("a line for each request, behind an empty one, and what is missing; then the time is up")
    func stream() throws {
        let server = try TestServer()
        defer { server.end() }
        let lines = try lines(server, "path=300&process=77&milliseconds=50")
        #expect(lines.first == "" && lines.last == "")
        let told = lines.filter { !$0.isEmpty }
        #expect(told.last == #"{"lost":2}"#)
        let records = try told.dropLast().map {
            try JSONDecoder().decode(TraceRecord.self, from: Data($0.utf8))
        }
        #expect(records.count == 300 && records.allSatisfy { $0.process == 77 })
    }

    @Test(
        "what is no number, and what the mount refuses",
        arguments: [
            ("process=0", 400), ("process=x", 400), ("process=4294967296", 400),
            ("milliseconds=0", 400), ("milliseconds=86400001", 400), ("path=refused", 503),
        ])
    func refused(_ question: String, _ status: Int) throws {
        let server = try TestServer()
        defer { server.end() }
        let answer = try server.talk(
            "GET /v1/trace/stream?\(question) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
    }

    @Test("whoever follows may be stopped from elsewhere, also before it began")
    func stopped() throws {
        let server = try TestServer()
        defer { server.end() }
        let stop = FollowStop()
        var pieces = 0
        try server.client.follow("/v1/trace/stream", until: stop) { _ in
            pieces += 1
            stop.stop()
            return true
        }
        #expect(pieces == 1 && stop.isStopped)
        try server.client.follow("/v1/trace/stream", until: stop) { _ in
            pieces += 1
            return true
        }
        #expect(pieces == 1)
    }
}
